"""What the local store hands out, and how little of it when asked for less."""

from pathlib import Path

import numpy as np

from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore


def test_digests_are_handed_out_in_order_and_no_more_than_asked_for(tmp_path: Path) -> None:
    one, two, none = b"1" * 32, b"2" * 32, b"3" * 32
    with LocalStore.open(tmp_path / "c") as store:
        ids = store.upsert([Entry(f"/{n}", sha256=one if n % 2 else two) for n in range(20)])
        store.upsert([Entry("/other", tenant="other", sha256=one)])
        found = store.find_digests([one, two, none, one])
        assert {digest: [record.id for record in found[digest]] for digest in found} == {
            one: ids[1::2],
            two: ids[::2],
        }
        few = store.find_digests([one, two], limit=3)
        assert {digest: [record.id for record in few[digest]] for digest in few} == {
            one: ids[1:7:2],
            two: ids[0:6:2],
        }
        later = store.find_digests([one, two], after=ids[17], limit=3)
        assert {digest: [record.id for record in later[digest]] for digest in later} == {
            one: ids[19:],
            two: ids[18:19],
        }


def test_what_lacks_a_vector_and_is_a_file(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("hash", "hash", 8))
        vectors = {"hash": np.array([7], np.uint8)}
        ids = store.upsert(
            [
                Entry("id:0"),
                Entry("/1", modified_ns=5, vectors=vectors),
                Entry("/2", modified_ns=5),
                Entry("/3", modified_ns=0),
            ]
        )
        assert [record.id for record in store.missing("hash")] == [ids[0], ids[2], ids[3]]
        assert [record.id for record in store.missing("hash", files_only=True)] == ids[2:]
        after = store.missing("hash", after=ids[2], files_only=True)
        assert [record.id for record in after] == ids[3:]
