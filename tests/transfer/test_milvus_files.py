"""Parquet files in the form that Milvus's bulk insert takes."""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from filled import COUNT, HASH, PROJECTION, WORDS, fill

from lookalike.errors import MissingExtraError, UsageError
from lookalike.filters import parse
from lookalike.stores.local import LocalStore
from lookalike.stores.milvus import files
from lookalike.stores.milvus.files import TableFiles, check, schema_of, table_files
from lookalike.stores.milvus.filterable import ABSENT, attribute_column
from lookalike.stores.milvus.layout import Layout
from lookalike.transfer import export_tables
from lookalike.transfer.part import Part
from lookalike.transfer.tabulated import encoder_tables, write_tables

LAYOUT = Layout("shop", {"price": "number"})


def written(store: LocalStore, folder: Path, where: str | None = None) -> dict[str, TableFiles]:
    part = Part(None if where is None else parse(where), store.encoders())
    encoders = encoder_tables(store, part, LAYOUT)
    return write_tables(store, part, LAYOUT, encoders, folder)


def rows_of(made: TableFiles) -> list[dict[str, object]]:
    return [row for file in made.files for row in pq.read_table(file).to_pylist()]


def test_every_table_has_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 20_000)
    monkeypatch.setattr("lookalike.transfer.part.ROWS", 30)
    with LocalStore.open(tmp_path / "c") as store:
        ids = fill(store)
        made = written(store, tmp_path / "files")
        assert sorted(made) == [
            "shop",
            "shop__looks",
            "shop__looks__raw",
            "shop__phash",
            "shop__words",
        ]
        for name, of_table in made.items():
            assert of_table.files == list(table_files(tmp_path / "files" / name))
            assert sum(check(file, of_table.table) for file in of_table.files) == of_table.rows
        assert len(made["shop"].files) > 1

        records = {row["id"]: row for row in rows_of(made["shop"])}
        assert sorted(records) == sorted(ids)
        five = records[ids[5]]
        assert five["duplicate_of"] == ids[2]
        assert json.loads(str(five["attributes"])) == {"price": 5.5, "colour": "red", "n": 5}
        assert five[attribute_column("price")] == 5.5
        assert json.loads(str(five["has"])) == {"looks": -1, "phash": 5, "words": -1}
        assert "words" not in json.loads(str(records[ids[6]]["has"]))

        looks = {row["id"]: row["vector"] for row in rows_of(made["shop__looks"])}
        raw = {row["id"]: row["vector"] for row in rows_of(made["shop__looks__raw"])}
        stored = store.vectors("looks", ids)
        matrix = np.stack([stored[key] for key in ids])
        assert np.allclose(np.array([raw[key] for key in ids]), matrix, atol=1e-3)
        lengths = np.linalg.norm(np.array([raw[key] for key in ids]), axis=1)
        assert np.allclose(lengths, 1, atol=1e-6)
        projected = np.array([looks[key] for key in ids], np.float32)
        projection = store.projection("looks")
        assert projection is not None
        assert np.allclose(projected, projection.project(matrix), atol=1e-4)

        hashes = {row["row"]: row for row in rows_of(made["shop__phash"])}
        whole, trimmed = store.vectors("phash", ids), store.trimmed("phash", ids)
        assert len(hashes) == COUNT + len(trimmed)
        assert hashes[ids[3]]["vector"] == whole[ids[3]].tolist()
        assert hashes[-ids[4] - 1]["vector"] == trimmed[ids[4]].tolist()
        assert hashes[-ids[4] - 1]["id"] == ids[4]
        assert made["shop__words"].rows == COUNT * 2 // 3


def test_links_out_of_the_part_are_left_out(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        ids = fill(store)
        made = written(store, tmp_path / "files", f"id == {ids[5]} or id == {ids[60]}")
        assert {row["duplicate_of"] for row in rows_of(made["shop"])} == {ABSENT}


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "x").touch()
    with pytest.raises(UsageError, match="not empty"):
        TableFiles(tmp_path / "t", LAYOUT.records)


def test_files_that_do_not_fit_are_found(tmp_path: Path) -> None:
    table = LAYOUT.compared(WORDS, 8)
    with LocalStore.open(tmp_path / "c") as store:
        fill(store)
        made = written(store, tmp_path / "files")
    file = made["shop__words"].files[0]
    assert check(file, table) == made["shop__words"].rows
    with pytest.raises(UsageError, match="not every vector has 9 values"):
        check(file, LAYOUT.compared(WORDS, 9))
    with pytest.raises(UsageError, match="has the columns"):
        check(file, LAYOUT.compared(HASH, 64))
    content = pq.read_table(file)
    long = content.set_column(1, "uri", [["x" * 70_000] * len(content)]).cast(schema_of(table))
    pq.write_table(long, file)
    with pytest.raises(UsageError, match="a text of 70000 bytes"):
        check(file, table)


def test_a_collection_as_files(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "c") as store:
        fill(store)
    folder = tmp_path / "shop"
    assert export_tables(tmp_path / "c", folder, where='colour == "red"') == COUNT // 2
    said = json.loads((folder / "tables.json").read_text())
    tables = {table["name"]: table for table in said["tables"]}
    assert tables["shop"]["rows"] == COUNT // 2
    assert tables["shop__phash"]["metric"] == "HAMMING"
    assert tables["shop__phash"]["primary_key"] == "row"
    assert tables["shop__looks"]["columns"][-1] == {
        "name": "vector",
        "type": "FLOAT_VECTOR",
        "size": PROJECTION.size,
    }
    assert tables["shop__looks"]["index"] == {"column": "vector", "type": "FLAT", "params": {}}
    assert tables["shop"]["index"] == {"column": "nothing", "type": "BIN_FLAT", "params": {}}
    kept = [pq.read_table(folder / file) for file in tables["shop__kept"]["files"]]
    kinds = Counter(kind for part in kept for kind in part["kind"].to_pylist())
    # One decision is about two red pictures; what was skipped duplicates a blue one.
    assert kinds == {"collection": 2, "encoder": 3, "projection": 1, "setting": 1, "decision": 1}
    for table in tables.values():
        rows = sum(pq.read_metadata(folder / file).num_rows for file in table["files"])
        assert rows == table["rows"]
    with pytest.raises(UsageError, match="not empty"):
        export_tables(tmp_path / "c", folder)


def test_files_need_pyarrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"lookalike\[parquet\]"):
        TableFiles(tmp_path / "t", LAYOUT.records)
