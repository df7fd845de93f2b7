"""Find the original: which records are the same picture as the query, and why."""
