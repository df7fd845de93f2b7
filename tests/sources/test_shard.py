"""Parts of sources: each picture in exactly one, the same one always."""

import csv
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.records import Record
from lookalike.sources.base import Failure, Item
from lookalike.sources.folder import FolderSource
from lookalike.sources.shard import MOST, Shard
from lookalike.sources.table import Join, TableSource


@given(key=st.text(), of=st.integers(1, 60))
def test_every_key_is_in_exactly_one_part(key: str, of: int) -> None:
    assert sum(Shard(number, of).holds(key) for number in range(of)) == 1


def test_parts_never_change() -> None:
    """A worker of the next version must find the same pictures in its part."""
    names = [f"/photos/{n}.jpg" for n in range(12)]
    parts = [next(i for i in range(5) if Shard(i, 5).holds(name)) for name in names]
    assert parts == [1, 1, 4, 0, 1, 4, 3, 2, 1, 1, 3, 1]


def test_parts_are_of_about_equal_size() -> None:
    names = [f"/photos/{n:06}.jpg" for n in range(20_000)]
    sizes = [sum(map(Shard(number, 8).holds, names)) for number in range(8)]
    assert sum(sizes) == len(names)
    # Six standard deviations of a binomial distribution.
    assert all(abs(size - 2500) < 6 * (20_000 * 1 / 8 * 7 / 8) ** 0.5 for size in sizes)


@pytest.mark.parametrize(
    ("text", "environ", "shard"),
    [
        ("0/4", {}, Shard(0, 4)),
        ("3/4", {}, Shard(3, 4)),
        ("0/1", {}, Shard(0, 1)),
        ("auto/4", {"JOB_COMPLETION_INDEX": "3"}, Shard(3, 4)),
        ("auto/4", {"SLURM_ARRAY_TASK_ID": "2"}, Shard(2, 4)),
        ("auto", {"JOB_COMPLETION_INDEX": "0", "LOOKALIKE_SHARDS": "16"}, Shard(0, 16)),
        ("auto", {"SLURM_ARRAY_TASK_ID": "15", "LOOKALIKE_SHARDS": " 16 "}, Shard(15, 16)),
    ],
)
def test_ways_to_write_a_part(text: str, environ: dict[str, str], shard: Shard) -> None:
    assert Shard.parse(text, environ) == shard


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("4/4", {}, "counted from 0, so those of 4 are 0/4 to 3/4"),
        ("0/0", {}, "1 to 1,000,000 parts"),
        (f"0/{MOST + 1}", {}, "1 to 1,000,000 parts"),
        ("1", {}, "write 0/4 to 3/4"),
        ("-1/4", {}, "write 0/4 to 3/4"),
        ("1/٤", {}, "write 0/4 to 3/4"),
        ("1/4/2", {}, "write 0/4 to 3/4"),
        ("auto/4", {}, "neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set"),
        ("auto/4", {"JOB_COMPLETION_INDEX": ""}, "JOB_COMPLETION_INDEX is not set"),
        ("auto/4", {"SLURM_ARRAY_TASK_ID": "4"}, "counted from 0"),
        ("auto", {"JOB_COMPLETION_INDEX": "0"}, "LOOKALIKE_SHARDS is not set"),
        ("auto", {"LOOKALIKE_SHARDS": "four"}, "LOOKALIKE_SHARDS is 'four'"),
    ],
)
def test_wrong_parts_are_refused(text: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Shard.parse(text, environ)


def test_an_array_that_is_repeated_in_part_does_not_change_the_number_of_parts() -> None:
    """Slurm says of `--array=2` that it is an array of one: that must not mean all pictures."""
    again = {
        "SLURM_ARRAY_TASK_ID": "2",
        "SLURM_ARRAY_TASK_COUNT": "1",
        "SLURM_ARRAY_TASK_MIN": "2",
        "SLURM_ARRAY_TASK_MAX": "2",
    }
    with pytest.raises(UsageError, match="LOOKALIKE_SHARDS"):
        Shard.parse("auto", again)
    assert Shard.parse("auto/4", again) == Shard(2, 4)


def uris(found: list[Item | Failure]) -> list[str]:
    return [one.uri for one in found]


def test_the_parts_of_a_folder_are_the_folder(photos: Path) -> None:
    url = "https://example.org/a.jpg"
    whole = [*FolderSource([photos, url], limits=DEFAULT_LIMITS)]
    parts = [
        [*FolderSource([photos, url], limits=DEFAULT_LIMITS, shard=Shard(number, 3))]
        for number in range(3)
    ]
    assert sorted(chain.from_iterable(map(uris, parts))) == sorted(uris(whole))
    assert all(parts)


def test_only_the_own_part_is_counted(photos: Path) -> None:
    source = FolderSource([photos], limits=DEFAULT_LIMITS, shard=Shard(1, 3))
    told: list[int] = []
    source.count(told.append, lambda: False)
    assert told[-1] == len([*source])


def test_files_stay_in_their_part_when_others_come(tmp_path: Path) -> None:
    def part() -> set[str]:
        return {*uris([*FolderSource([tmp_path], limits=DEFAULT_LIMITS, shard=Shard(0, 2))])}

    for n in range(20):
        (tmp_path / f"{n}.jpg").touch()
    before = part()
    for n in range(20):
        (tmp_path / f"new {n}.jpg").touch()
    assert {uri for uri in part() if "new" not in uri} == before


def test_every_worker_tells_of_a_folder_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what is in it, and it may be only one machine that cannot."""
    (tmp_path / "closed").mkdir()

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", refuse)
    for number in range(3):
        source = FolderSource([tmp_path], limits=DEFAULT_LIMITS, shard=Shard(number, 3))
        assert [isinstance(one, Failure) for one in source] == [True]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Thirty rows; two of one picture, two of one id, one without an id."""
    rows = [{"key": str(n), "file": f"{n}.jpg"} for n in range(30)]
    rows += [{"key": "again", "file": "3.jpg"}, {"key": "4", "file": "x.jpg"}]
    rows += [{"key": "", "file": "y.jpg"}]
    for n in range(28):
        (tmp_path / f"{n}.jpg").touch()
    (tmp_path / "unlisted.jpg").touch()
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["key", "file"])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("unlisted", [False, True])
def test_the_parts_of_a_table_are_the_table(table: Path, unlisted: bool) -> None:
    join = Join("key", path_column="file", unlisted=unlisted)

    def told(shard: Shard | None) -> list[tuple[str, str]]:
        source = TableSource(table, join, limits=DEFAULT_LIMITS, shard=shard)
        return [(one.uri, one.reason if isinstance(one, Failure) else "") for one in source]

    whole = told(None)
    assert len([reason for _, reason in whole if reason]) == 5
    assert len(whole) == 33 + unlisted
    parts = [told(Shard(number, 4)) for number in range(4)]
    assert sorted(chain.from_iterable(parts)) == sorted(whole)


def test_a_row_is_parted_by_its_id_wherever_its_picture_is(table: Path) -> None:
    join = Join("key", path_column="file")
    shard = Shard(2, 4)
    for item in TableSource(table, join, limits=DEFAULT_LIMITS, shard=shard):
        if isinstance(item, Item):
            assert item.attributes is not None
            key = item.attributes["key"]
            assert shard.holds(key)
            record = Record(1, item.uri, attributes={"key": key})
            assert shard.holds_record(record, "key")
            assert shard.holds_record(record) == shard.holds(item.uri)
