"""The reference, SQL and the engine must agree on every filter and every record."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from filter_cases import FILTERS, RECORDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.filters import Filter
from lookalike.records import EncoderSpec, Record
from lookalike.stores.local import engine_filter, rows, schema, sql_filter
from lookalike.stores.local.engine import VectorIndex
from lookalike.stores.local.payload import payload
from lookalike.stores.space import Space

SPACE = Space(EncoderSpec("e", "embedding", 2))


def row_of(record: Record, attributes: str) -> tuple[Any, ...]:
    """The values of `COLUMNS` for one record, `attributes` being its attributes as JSON."""
    return (
        record.id,
        record.uri,
        record.tenant,
        record.sha256,
        record.md5,
        record.size,
        record.modified_ns,
        record.width,
        record.height,
        record.format,
        attributes,
        record.added,
        record.updated,
        record.pixels,
        record.border,
        record.duplicate_of,
    )


class Both:
    """The same records in a catalogue's table and in an engine index."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.migrate(self.connection, "test")
        self.connection.execute("DROP INDEX records_by_uri")
        self.folders = (folder / str(number) for number in count())
        self.index = VectorIndex.create(next(self.folders), SPACE)

    def renew(self) -> None:
        """Start again with an engine index that has no indexes on fields."""
        self.index.close()
        shutil.rmtree(self.index.folder)
        self.index = VectorIndex.create(next(self.folders), SPACE)

    def fill(self, records: list[Record]) -> None:
        old = [key for (key,) in self.connection.execute("SELECT id FROM records")]
        self.connection.execute("DELETE FROM records")
        self.index.delete(old)
        lines = [row_of(one, rows.attributes_json(one.attributes, "")) for one in records]
        self.connection.executemany(rows.INSERT, lines)
        ones = np.full((len(records), 2), 0.5**0.5, np.float16)
        self.index.upsert([one.id for one in records], ones, [payload(one) for one in records])

    def reload(self) -> None:
        """What the engine reads back from its files is not always what it was given."""
        self.index.flush()
        self.index.close()
        self.index = VectorIndex.load(self.index.folder, SPACE)

    def by_sql(self, where: Filter) -> set[int]:
        condition, values = sql_filter.compile_filter(where)
        statement = f"SELECT r.id FROM records r WHERE {condition}"
        return {key for (key,) in self.connection.execute(statement, values)}

    def by_engine(self, where: Filter) -> set[int]:
        condition = engine_filter.compile_filter(where, self.by_sql)
        answers, complete = self.index.search([1.0, 0.0], 100, condition, exact=True)
        assert complete
        return {key for _, key in answers}


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    # In memory where that can be had: the engine syncs every file that it makes.
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Both(Path(folder))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RECORDS, min_size=1, max_size=6, unique_by=lambda one: one.id), st.data())
def test_sql_and_engine_agree_with_the_reference(
    both: Both, records: list[Record], data: st.DataObject
) -> None:
    both.fill(records)
    for where in data.draw(st.lists(FILTERS, min_size=1, max_size=6)):
        expected = {one.id for one in records if where.matches(one)}
        assert both.by_sql(where) == expected
        assert both.by_engine(where) == expected


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RECORDS, min_size=1, max_size=6, unique_by=lambda one: one.id), FILTERS)
def test_neither_reloading_nor_an_index_on_the_fields_changes_anything(
    both: Both, records: list[Record], where: Filter
) -> None:
    both.renew()
    both.fill(records)
    expected = {one.id for one in records if where.matches(one)}
    both.reload()
    assert both.by_engine(where) == expected
    both.index.index_fields(engine_filter.payload_fields(where))
    assert both.by_engine(where) == expected
    both.reload()
    assert both.by_engine(where) == expected


def test_attributes_come_back_as_they_were(both: Both) -> None:
    attributes = {"a": [1, 2.5, "x", None, True], "b": {"c": "é"}, "d": 2**63 - 1, "e": 0.1}
    line = row_of(replace(Record(1, "u"), attributes=attributes), "")
    text = rows.attributes_json(attributes, "u")
    assert rows.record_of((*line[:10], text, *line[11:])).attributes == attributes
