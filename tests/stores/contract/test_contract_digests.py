"""Store.find_digests and set_pixels."""

from lookalike.stores.base import Entry, Store


def test_digests_are_handed_out_in_order_and_no_more_than_asked_for(store: Store) -> None:
    one, two, none = b"1" * 32, b"2" * 32, b"3" * 32
    entries = [Entry(f"/{n}", sha256=one if n % 2 else two) for n in range(20)]
    both = store.upsert(entries)
    ids = {one: sorted(both[1::2]), two: sorted(both[::2])}
    store.upsert([Entry("/other", tenant="other", sha256=one)])
    found = store.find_digests([one, two, none, one])
    assert {digest: [record.id for record in found[digest]] for digest in found} == ids
    few = store.find_digests([one, two], limit=3)
    assert {digest: [record.id for record in few[digest]] for digest in few} == {
        digest: some[:3] for digest, some in ids.items()
    }
    after = sorted(both)[13]
    later = store.find_digests([one, two], after=after, limit=3)
    assert {digest: [record.id for record in some] for digest, some in later.items()} == {
        digest: [key for key in some if key > after][:3]
        for digest, some in ids.items()
        if some[-1] > after
    }


def test_digests_find_records_of_one_tenant_or_of_all(store: Store) -> None:
    digests = {"sha256": b"1" * 32, "md5": b"m" * 16, "pixels": b"p" * 16}
    own, other = store.upsert([Entry("/1", **digests), Entry("/t", "t", **digests)])  # type: ignore[arg-type]
    for kind, digest in digests.items():
        for tenant, ids in (("", [own]), ("t", [other]), (None, sorted([own, other])), ("u", [])):
            found = store.find_digests([digest, b"?"], tenant, kind=kind)  # type: ignore[arg-type]
            assert [record.id for record in found.get(digest, [])] == ids
    assert len(store.find_digests([b"1" * 32], None, limit=1)[b"1" * 32]) == 1
    assert store.find_digests([]) == {}


def test_digests_of_pixels_are_kept_by_those_of_files(store: Store) -> None:
    one, two = b"1" * 32, b"2" * 32
    ids = store.upsert([Entry("/1", sha256=one), Entry("/2", "t", sha256=one), Entry("/3")])
    store.set_pixels({one: b"p" * 16, two: b"q" * 16})
    assert [record.pixels for record in store.get(ids) if record] == [b"p" * 16, b"p" * 16, None]
    found = store.find_digests([b"p" * 16], None, kind="pixels")
    assert [record.id for record in found[b"p" * 16]] == sorted(ids[:2])
    store.upsert([Entry("/1", sha256=one)])
    assert store.get(ids[:1])[0].pixels == b"p" * 16  # type: ignore[union-attr]
    store.set_pixels({})
