"""Whole collections from one store to another, from what is stored; no picture is read."""

from lookalike.transfer.copying import copy
from lookalike.transfer.exporting import export_tables
from lookalike.transfer.report import CopyReport
from lookalike.transfer.verify import Verification

__all__ = ["CopyReport", "Verification", "copy", "export_tables"]
