"""A collection as the files that a Milvus server's bulk insert takes, for a server out of reach."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.arguments import PATH, checked, condition
from lookalike.indexes import IndexSpec
from lookalike.stores.milvus.files import TableFiles
from lookalike.stores.milvus.layout import VERSION, Layout, Type, identifier
from lookalike.transfer.kept_rows import members_of, write_kept
from lookalike.transfer.part import Part
from lookalike.transfer.places import Place, opened
from lookalike.transfer.tabulated import encoder_tables, write_tables

if TYPE_CHECKING:
    from lookalike.filters import Filter
    from lookalike.stores.base import Progress

DESCRIPTION = "tables.json"


def export_tables(
    source: Place,
    folder: str | PathLike[str],
    *,
    where: "str | Filter | None" = None,
    within: str | PathLike[str] | None = None,
    tenant: str | None = None,
    progress: "Progress | None" = None,
) -> int:
    """Write a collection as Parquet files, a folder for each table that it is on a Milvus server.

    The tables are called after the folder; `tables.json` in it says what columns they have, which
    is the primary key, by what metric vectors are compared, and what index they get. A server that
    has these tables, filled from these files, has the collection. Ids are the source's.

    Args:
        source: a collection's folder or address, or an open collection.
        folder: a new or empty one.
        where: only records that match this filter.
        within: only pictures below this folder.
        tenant: only this tenant's pictures.
        progress: called as progress(stage, done, total).

    Returns:
        How many records were written.

    Raises:
        MissingExtraError: pyarrow is not installed.
        UsageError: the folder is not empty, or a record does not fit the server's columns.
    """
    target = Path(checked(folder, PATH, "tables go to the path of a folder")).expanduser()
    filtered = condition(where, within, tenant)
    with opened(source, read_only=True) as store:
        part = Part(filtered, store.encoders())
        layout = Layout(identifier(target.resolve().name), store.declared())
        encoders = encoder_tables(store, part, layout)
        files = write_tables(store, part, layout, encoders, target, progress)
        members = members_of(encoders, [files[one.compared.name].rows for one in encoders])
        with TableFiles(target / layout.kept.name, layout.kept) as kept:
            write_kept(store, part, layout, encoders, members, kept)
    files[layout.kept.name] = kept
    indexes = {
        one.compared.name: member.index for one, member in zip(encoders, members, strict=True)
    }
    tables = [_described(one, indexes) for one in files.values()]
    described = {"version": VERSION, "tables": tables}
    (target / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    return files[layout.records.name].rows


def _described(made: TableFiles, indexes: Mapping[str, IndexSpec]) -> dict[str, object]:
    table = made.table
    exact = IndexSpec("BIN_FLAT" if table.vector.type == Type.BINARY_VECTOR else "FLAT")
    index = indexes.get(table.name, exact)
    return {
        "name": table.name,
        "rows": made.rows,
        "files": [f"{table.name}/{file.name}" for file in made.files],
        "primary_key": table.key,
        "partition_key": table.partition_key or None,
        "metric": table.metric,
        "index": {"column": table.vector.name, "type": index.kind, "params": dict(index.build)},
        "columns": [
            {"name": one.name, "type": Type(one.type).name, "size": one.size or None}
            for one in table.columns
        ],
    }
