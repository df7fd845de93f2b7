"""Whether this machine, its packages, a server and a collection are fit to work, and what to do."""

from lookalike.doctor.examine import examine
from lookalike.doctor.finding import Finding

__all__ = ["Finding", "examine"]
