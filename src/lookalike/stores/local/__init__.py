"""The local store: an SQLite catalogue as the truth, disposable indexes beside it."""
