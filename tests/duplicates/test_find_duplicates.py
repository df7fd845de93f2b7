"""Groups of a collection: what is in them, the verdicts, tenants, and what was decided."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.duplicates import Duplicates, find
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec, Verdict
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

Ids = dict[str, int]
OLD = 1_500_000_000 * 10**9


def names(found: Duplicates) -> list[list[str]]:
    return [
        [Path(group.best.uri).name, *(Path(one.record.uri).name for one in group.others)]
        for group in found
    ]


def test_groups_hold_the_copies_with_verdict_and_reason(copied: Collection) -> None:
    found = copied.duplicates()
    assert names(found) == [
        ["raccoon.jpg", "raccoon (1).jpg", "small.jpg"],
        ["otters.jpg", "otters copy.jpg"],
    ]
    raccoons, otters = found
    same, small = raccoons.others
    assert (same.verdict, same.reason) == (Verdict.IDENTICAL, "same bytes")
    assert small.verdict is Verdict.COPY
    assert small.reason.startswith("pHash distance ")
    assert raccoons.why == "older by 3 years"
    assert otters.why == "older by 3 years"
    sizes = [one.record.size or 0 for one in raccoons.others]
    assert raccoons.spare_bytes == sum(sizes)
    assert found.spare_bytes == raccoons.spare_bytes + otters.spare_bytes
    assert (found.open, found.records, found.by) == (3, 7, ("digests", "phash"))
    assert found.to_dict()["groups"][1]["duplicates"][0]["reason"] == "same bytes"


def test_what_is_preferred_is_the_best(copied: Collection, id_of: Ids) -> None:
    small_first = copied.duplicates(prefer="path")[0]
    assert Path(small_first.best.uri).name == "raccoon.jpg"
    with pytest.raises(UsageError, match="nothing to prefer by"):
        copied.duplicates(prefer="looks")


def test_only_and_min_size_and_filters_choose(copied: Collection, pictures: Path) -> None:
    identical = copied.duplicates(only="identical")
    assert [len(group.ids) for group in identical] == [2, 2]
    assert identical.by == ("digests",)
    assert names(copied.duplicates(only="copy")) == [["raccoon.jpg", "small.jpg"]]
    largest = max(record.size or 0 for record in copied.list())
    assert not copied.duplicates(min_size=largest + 1)
    assert names(copied.duplicates(within=pictures / "phone")) == [["raccoon (1).jpg", "small.jpg"]]
    with pytest.raises(UsageError, match="only is"):
        copied.duplicates(only="similar")  # type: ignore[arg-type]


def test_a_picture_saved_again_without_loss_has_the_same_pixels(
    copied: Collection, pictures: Path
) -> None:
    with Image.open(pictures / "coral.jpg") as image:
        image.convert("RGB").save(pictures / "coral.png")
    copied.add(pictures / "coral.png")
    (group,) = [one for one in copied.duplicates() if "coral" in one.best.uri]
    assert Path(group.best.uri).name == "coral.jpg"
    assert group.why.startswith("same pixels, older by ")
    assert group.others[0].reason == "same pixels"
    assert group.others[0].verdict is Verdict.IDENTICAL
    (group,) = [one for one in copied.duplicates(prefer="format") if "coral" in one.best.uri]
    assert Path(group.best.uri).name == "coral.png"
    assert group.why.startswith("lossless: png")


def test_without_loss_is_no_better_among_twins_and_a_small_copy(
    copied: Collection, pictures: Path
) -> None:
    with Image.open(pictures / "raccoon.jpg") as image:
        image.convert("RGB").save(pictures / "raccoon.png")
    os.utime(pictures / "raccoon.png", ns=(OLD, OLD))
    copied.add(pictures / "raccoon.png")
    group = copied.duplicates()[0]
    assert Path(group.best.uri).name == "raccoon.jpg"
    assert group.why.startswith("same pixels, smaller file: ")
    reasons = {Path(one.record.uri).name: one.reason for one in group.others}
    assert reasons["raccoon.png"] == "same pixels"
    assert reasons["raccoon (1).jpg"] == "same bytes"
    assert reasons["small.jpg"].startswith("pHash distance")


def test_a_framed_copy_is_not_the_best(copied: Collection, pictures: Path) -> None:
    with Image.open(pictures / "coral.jpg") as image:
        ImageOps.expand(image.convert("RGB"), 40, "white").save(pictures / "framed.jpg")
    copied.add(pictures / "framed.jpg")
    (group,) = [one for one in copied.duplicates() if "coral" in one.best.uri]
    assert group.why.startswith("no border: ")


def test_the_one_that_is_named_is_the_best(copied: Collection, id_of: Ids) -> None:
    found = copied.duplicates(best=[id_of["small.jpg"], id_of["coral.jpg"]])
    assert Path(found[0].best.uri).name == "small.jpg"
    assert found[0].why == "named as the best"
    assert [one.reason.startswith("pHash distance") for one in found[0].others] == [True, True]
    assert f"record {id_of['coral.jpg']} is in no group that is shown" in found.notices


def test_groups_never_mix_tenants(copied: Collection, pictures: Path) -> None:
    copied.add(pictures / "raccoon.jpg", tenant="ann")
    copied.add(pictures / "phone" / "raccoon (1).jpg", tenant="ann")
    copied.add(pictures / "coral.jpg", tenant="ben")
    found = copied.duplicates()
    for group in found:
        tenants = {group.best.tenant, *(one.record.tenant for one in group.others)}
        assert len(tenants) == 1
    assert [group.best.tenant for group in found].count("ann") == 1
    assert names(copied.duplicates(tenant="ann")) == [["raccoon.jpg", "raccoon (1).jpg"]]
    assert not copied.duplicates(tenant="ben")


def test_a_hard_link_is_nothing_to_ask_about(copied: Collection, pictures: Path) -> None:
    (pictures / "linked").mkdir()
    os.link(pictures / "coral.jpg", pictures / "linked" / "coral.jpg")
    copied.add(pictures / "linked")
    assert not [group for group in copied.duplicates() if "coral" in group.best.uri]
    (group,) = [one for one in copied.duplicates(decided=True) if "coral" in one.best.uri]
    assert group.others[0].settled == "same file"
    assert group.spare_bytes == 0


def test_pictures_kept_are_not_asked_about_again(copied: Collection, id_of: Ids) -> None:
    assert copied.decide("keep", [id_of["otters.jpg"], id_of["otters copy.jpg"]]) == 1
    assert [group.best.uri.endswith("raccoon.jpg") for group in copied.duplicates()] == [True]
    assert len(copied.duplicates(decided=True)) == 2


def test_a_group_of_links_and_decisions_is_nothing_to_ask_about(
    copied: Collection, pictures: Path, id_of: Ids
) -> None:
    os.link(pictures / "otters.jpg", pictures / "phone" / "linked.jpg")
    copied.add(pictures / "phone" / "linked.jpg")
    copied.decide("keep", [id_of["otters.jpg"], id_of["otters copy.jpg"]])
    assert not [group for group in copied.duplicates() if "otters" in group.best.uri]


def test_copies_alone_are_not_listed_where_they_are_settled(copied: Collection, id_of: Ids) -> None:
    assert len(copied.duplicates(only="copy")) == 1
    copied.decide("keep", [id_of["raccoon.jpg"], id_of["small.jpg"]])
    assert not copied.duplicates(only="copy")
    assert len(copied.duplicates()) == 2


def test_a_new_picture_in_a_decided_group_is_the_only_one_asked_about(
    copied: Collection, pictures: Path, id_of: Ids
) -> None:
    copied.decide("ignore", [id_of["otters.jpg"], id_of["otters copy.jpg"]])
    shutil.copy(pictures / "otters.jpg", pictures / "phone" / "otters (2).jpg")
    copied.add(pictures / "phone" / "otters (2).jpg")
    (group,) = [one for one in copied.duplicates() if "otters" in one.best.uri]
    assert [Path(one.record.uri).name for one in group.open] == ["otters (2).jpg"]
    assert [one.settled for one in group.others if one not in group.open] == ["ignore"]


def test_different_pictures_never_share_a_group_again(
    copied: Collection, pictures: Path, id_of: Ids
) -> None:
    copied.decide("different", [id_of["raccoon.jpg"], id_of["small.jpg"]])
    for group in copied.duplicates(decided=True):
        assert not {id_of["raccoon.jpg"], id_of["small.jpg"]} <= set(group.ids)
    shutil.copy(pictures / "raccoon.jpg", pictures / "another.jpg")
    copied.add(pictures / "another.jpg")
    for group in copied.duplicates(decided=True):
        assert not {id_of["raccoon.jpg"], id_of["small.jpg"]} <= set(group.ids)


def test_the_last_decision_can_be_undone_and_those_about_a_record(
    copied: Collection, id_of: Ids
) -> None:
    before = names(copied.duplicates())
    copied.decide("different", [id_of["raccoon.jpg"], id_of["small.jpg"]])
    copied.decide("keep", [id_of["otters.jpg"], id_of["otters copy.jpg"]])
    assert copied.undo_decisions() == 1
    assert [one.kind for one in copied.decisions()] == ["different"]
    assert copied.undo_decisions([id_of["small.jpg"]]) == 1
    assert copied.undo_decisions() == 0
    assert names(copied.duplicates()) == before


def test_a_tenant_decides_about_its_own_pictures_alone(
    copied: Collection, pictures: Path, id_of: Ids
) -> None:
    copied.add(pictures / "phone", tenant="ann")
    of_ann = [record.id for record in copied.list(tenant="ann")]
    own = [id_of["raccoon.jpg"], id_of["small.jpg"]]
    with pytest.raises(NotFoundError, match="no record"):
        copied.decide("keep", own, tenant="ann")
    copied.decide("keep", own)
    assert copied.decisions(tenant="ann") == []
    assert copied.undo_decisions(tenant="ann") == 0
    copied.decide("different", of_ann[:2], tenant="ann")
    assert len(copied.decisions()) == 2
    assert copied.undo_decisions(tenant="ann") == 1
    assert len(copied.decisions()) == 1


def test_decisions_that_cannot_be_are_refused(copied: Collection, id_of: Ids) -> None:
    with pytest.raises(UsageError, match="two records or more"):
        copied.decide("keep", [id_of["coral.jpg"], id_of["coral.jpg"]])
    with pytest.raises(NotFoundError, match="12345"):
        copied.decide("keep", [id_of["coral.jpg"], 12345])
    with pytest.raises(UsageError, match="one of different, keep, ignore"):
        copied.decide("love", [1, 2])  # type: ignore[arg-type]


def test_an_empty_collection_has_no_duplicates(tmp_path: Path) -> None:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        assert len(collection.duplicates()) == 0


def test_progress_is_told_and_an_interruption_gets_through(copied: Collection) -> None:
    stages = []
    copied.duplicates(progress=lambda stage, done, total: stages.append(stage))
    assert {"read records", "read hashes", "sort out groups"} <= set(stages)

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copied.duplicates(progress=stop)


def made_up(folder: Path, cosines: list[float], tenants: list[str]) -> LocalStore:
    """A store of embeddings; the first is (1, 0, …), the others have these cosines with it."""
    store = LocalStore.open(folder)
    store.add_encoder(EncoderSpec("sscd-distilled", "embedding", 512))
    entries = []
    for place, (cosine, tenant) in enumerate(zip(cosines, tenants, strict=True)):
        vector = np.zeros(512, np.float32)
        vector[0], vector[1 + place] = cosine, np.sqrt(1 - cosine**2)
        entries.append(Entry(f"/p/{place}.jpg", tenant, vectors={"sscd-distilled": vector}))
    store.upsert(entries)
    return store


def test_embeddings_above_the_threshold_make_groups_within_a_tenant(tmp_path: Path) -> None:
    with made_up(tmp_path / "c", [1.0, 0.95, 0.8, 0.97], ["", "", "", "ann"]) as store:
        (group,) = find(store)
        assert [one.reason for one in group.others] == ["sscd-distilled 0.95"]
        assert len(find(store, threshold=0.7)[0].ids) == 3
        with pytest.raises(UsageError, match="threshold"):
            find(store, threshold=0.0)


def test_an_encoder_not_made_for_copies_needs_a_threshold(copied: Collection) -> None:
    with pytest.raises(UsageError, match="makes hashes"):
        copied.duplicates(encoder="phash")
    copied.add_embeddings([1, 2], np.eye(2, 8), encoder="mine")
    with pytest.raises(UsageError, match="give a threshold"):
        copied.duplicates(encoder="mine")
    assert copied.duplicates(encoder="mine", threshold=0.97).by[-1] == "mine"


def test_a_reader_beside_a_writer_finds_the_same(copied: Collection) -> None:
    with lookalike.open(copied.path, read_only=True, create=False) as reader:
        assert names(reader.duplicates()) == names(copied.duplicates())
