"""Where weight files come from, one place per file."""
