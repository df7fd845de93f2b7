"""Where records, embeddings and hashes are kept."""
