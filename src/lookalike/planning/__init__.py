"""What a collection of some size takes: memory, disk, machines and hours, with every formula."""

from lookalike.planning.lines import Line, Plan
from lookalike.planning.make import make
from lookalike.planning.workload import Encoder, Workload, encoder

__all__ = ["Encoder", "Line", "Plan", "Workload", "encoder", "make"]
