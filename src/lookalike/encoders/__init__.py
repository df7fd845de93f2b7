"""Pictures and texts in, embeddings and hashes out."""
