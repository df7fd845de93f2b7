"""lookalike finds pictures by picture or by words.

>>> import lookalike
>>> with lookalike.open("holiday.lookalike") as collection:  # doctest: +SKIP
...     collection.add("~/Pictures")
...     for hit in collection.search("cat.jpg"):
...         print(hit.score, hit.uri)
"""

from typing import TYPE_CHECKING, Any

from lookalike._version import __version__

if TYPE_CHECKING:
    from lookalike.collection import Collection as Collection
    from lookalike.ingest import IngestReport as IngestReport
    from lookalike.opening import drop as drop
    from lookalike.opening import open_collection as open  # noqa: A004, F401 - lookalike.open(path)
    from lookalike.records import Hit as Hit
    from lookalike.records import Match as Match
    from lookalike.records import Record as Record
    from lookalike.records import Verdict as Verdict
    from lookalike.results import Results as Results
    from lookalike.search import Term as Term
    from lookalike.transfer import CopyReport as CopyReport
    from lookalike.transfer import copy as copy

# Looked up when first used, so that `import lookalike` and `lookalike --version` stay instant.
_HOMES = {
    "Collection": ("lookalike.collection", "Collection"),
    "Hit": ("lookalike.records", "Hit"),
    "IngestReport": ("lookalike.ingest", "IngestReport"),
    "Match": ("lookalike.records", "Match"),
    "Record": ("lookalike.records", "Record"),
    "Results": ("lookalike.results", "Results"),
    "Term": ("lookalike.search", "Term"),
    "Verdict": ("lookalike.records", "Verdict"),
    "CopyReport": ("lookalike.transfer", "CopyReport"),
    "copy": ("lookalike.transfer", "copy"),
    "drop": ("lookalike.opening", "drop"),
    "errors": ("lookalike.errors", None),
    "open": ("lookalike.opening", "open_collection"),
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - all of them are names


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    found = import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
