"""The local store: an SQLite catalogue as the truth, disposable indexes beside it."""

from lookalike.stores.local.store import LocalStore

__all__ = ["LocalStore"]
