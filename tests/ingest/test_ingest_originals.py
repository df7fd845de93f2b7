"""Originals of new pictures by a copy descriptor, and the order in which pictures are settled."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ingest_parts import TinyEncoder, draw

from lookalike.ingest import ingest
from lookalike.ingest.job import Job
from lookalike.ingest.ledger import Ledger
from lookalike.ingest.order import InOrder
from lookalike.ingest.originals import Originals
from lookalike.ingest.report import Duplicate, IngestReport, Outcome
from lookalike.records import EncoderSpec, Skipped
from lookalike.sources.base import Item
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

DESCRIPTOR = EncoderSpec("sscd-distilled", "embedding", 4, "1")


def at(cosine: float) -> np.ndarray:
    """A unit vector of that cosine with the first axis."""
    return np.array([cosine, (1 - cosine**2) ** 0.5, 0, 0], np.float32)


def job(vector: np.ndarray, tenant: str = "") -> Job:
    new = Job(Item("new", b""), tenant)
    new.sha256 = b"n" * 32
    new.vectors = {DESCRIPTOR.name: vector}
    return new


def test_the_nearest_by_a_copy_descriptor_that_is_sure(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(DESCRIPTOR)
        store.upsert(
            [
                Entry("near", vectors={DESCRIPTOR.name: at(0.95)}),
                Entry("nearer", vectors={DESCRIPTOR.name: at(0.98)}),
                Entry("twin", vectors={DESCRIPTOR.name: at(0.98)}),
                Entry("theirs", tenant="t", vectors={DESCRIPTOR.name: at(1.0)}),
            ]
        )
        originals = Originals(store, "")
        found = originals.find(job(at(1.0)))
        assert found is not None
        assert (found.record.uri, found.reason) == ("nearer", "sscd-distilled 0.98")
        assert originals.find(job(-at(0.5))) is None
        # What is not in the store yet counts, if it is as near.
        for cosine, near in ((0.95, True), (0.8, False)):
            waiting = [Entry("w", vectors={DESCRIPTOR.name: at(cosine)})]
            assert originals.may_be_among(waiting, job(at(1.0))) is near
        assert originals.may_be_among([Entry("w", sha256=b"n" * 32)], job(at(1.0)))
        assert not originals.may_be_among([], job(at(1.0)))


def test_pictures_that_only_an_ordinary_embedding_likes_are_added(tmp_path: Path) -> None:
    tiny = TinyEncoder()
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(tiny.spec)
        paths = [draw(tmp_path / f"{n}.png", 7, (16 + n, 12)) for n in range(3)]
        report = ingest(store, [tiny], paths, on_duplicate="skip")
        assert (report.added, report.skipped) == (3, 0)


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_what_is_ready_waits_for_its_turn(order: list[int], dropped: set[int]) -> None:
    jobs = [Job(Item(f"{n}", b""), "") for n in range(8)]
    settled: list[Job] = []
    line = InOrder(settled.append)
    line.expect(jobs[:5])
    line.expect(jobs[5:])
    done: set[int] = set()
    for n in order:
        if n in dropped:
            line.drop(jobs[n])
        else:
            line.ready(jobs[n])
        done.add(n)
        first = next(k for k in range(9) if k not in done)
        assert settled == [jobs[k] for k in range(first) if k not in dropped]


def test_originals_are_written_before_what_is_skipped(tmp_path: Path) -> None:
    """Each write waits for the disk, and only records are compared with what comes."""
    with LocalStore.open(tmp_path / "c") as store:
        ledger = Ledger(store, batch=9, seconds=60)
        store.upsert([Entry("first")])
        left_out = Skipped("copy", "", 1, 2, 1, "same bytes")
        known = Duplicate("copy", 1, "first", "same bytes")
        ledger.settle(Outcome.SKIPPED, "copy", duplicate=known, skipped=left_out)
        ledger.settle(Outcome.ADDED, "second", entry=Entry("second"))
        ledger.commit(records_only=True)
        assert [record.uri for record in store.scan()] == ["first", "second"]
        assert (store.skipped(["copy"]), ledger.duplicates) == ({}, [])
        assert "copy" in ledger
        assert "second" not in ledger
        assert ledger.wait is not None
        ledger.commit()
        assert store.skipped(["copy"]) == {"copy": left_out}
        assert ledger.duplicates == [known]
        assert ledger.counts == {Outcome.ADDED: 1, Outcome.SKIPPED: 1}
        assert ledger.wait is None


def test_reports_add_up() -> None:
    one, two = Duplicate("a", 1, "b", "same bytes"), Duplicate("c", 1, "b", "same pixels")
    both = IngestReport(skipped=1, duplicates=(one,)) + IngestReport(skipped=2, duplicates=(two,))
    assert (both.skipped, both.duplicates) == (3, (one, two))
