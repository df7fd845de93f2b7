"""lookalike finds pictures by picture or by words."""

from lookalike._version import __version__ as __version__
