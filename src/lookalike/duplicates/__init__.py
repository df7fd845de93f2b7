"""Groups of duplicates in a collection: which records are copies, and which of them to keep."""

from lookalike.duplicates.find import find as find
from lookalike.duplicates.report import Duplicates as Duplicates
from lookalike.duplicates.report import Group as Group
from lookalike.duplicates.report import Member as Member

__all__ = ["Duplicates", "Group", "Member", "find"]
