"""Find the original: which records show the same picture as the query, and why."""

from lookalike.copies.overlay import overlay as overlay

__all__ = ["overlay"]
