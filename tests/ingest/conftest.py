"""A store with a small encoder, and folders of small pictures, for the tests of ingest."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ingest_parts import TinyEncoder, draw

from lookalike.ingest import IngestReport, ingest
from lookalike.stores.local import LocalStore


@pytest.fixture
def tiny() -> TinyEncoder:
    return TinyEncoder()


@pytest.fixture
def store(tmp_path: Path, tiny: TinyEncoder) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "collection") as store:
        store.add_encoder(tiny.spec)
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five different pictures in two folders."""
    top = tmp_path / "pictures"
    for i, name in enumerate(["a.png", "b.png", "c.png", "sub/d.png", "sub/e.png"]):
        draw(top / name, i)
    return top


@pytest.fixture
def index(store: LocalStore, tiny: TinyEncoder) -> Callable[..., IngestReport]:
    """ingest() into the store with the small encoder; gives what happened as a dict."""

    def run(*paths: Path, **options: object) -> dict[str, int]:
        report = ingest(store, [tiny], paths, **options)
        counts = report.to_dict()
        del counts["seconds"]
        failed = counts.pop("failed")
        return {key: count for key, count in counts.items() if count} | (
            {"failed": failed} if failed else {}
        )

    return run
