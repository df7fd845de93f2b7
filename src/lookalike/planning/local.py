"""What a collection takes in the local store: one folder on one machine."""

from lookalike.indexes import IndexSpec
from lookalike.indexes.sizes import vector_bytes
from lookalike.planning import measured, sqlite
from lookalike.planning.amount import Amount, inside, of, total
from lookalike.planning.lines import Lines
from lookalike.planning.vectors import dimensions, pictures
from lookalike.planning.workload import Encoder, Workload

_CELL, _HEAD = 6, 18
"""Of a record's row in SQLite: its length and id, and the types of its 16 columns."""
_VECTOR_CELL, _HASH_CELL = 10, 7
_URI_CELL, _DIGEST_CELL = 8, 6
_RECORD_NUMBERS = 32
_RECORD_DIGESTS = 64


def add(lines: Lines, workload: Workload, spec: IndexSpec) -> None:
    """Lines of the catalogue, the indexes, memory and disk."""
    disk = [*_catalogue(lines, workload), *_indexes(lines, workload, spec)]
    whole = lines.add("disk", "disk", total(disk))
    segment = of(min(workload.pictures, measured.LOCAL_SEGMENT), "pictures of a segment")
    room = segment * of(_index_bytes(workload, spec), "bytes of a record in the indexes")
    room = lines.add("disk", "free while a graph is built", room)
    lines.add("disk", "disk with that", whole + room)
    _memory(lines, workload, spec)


def _catalogue(lines: Lines, workload: Workload) -> list[Amount]:
    section = "catalogue"
    tenant = of(measured.TENANT_BYTES, "tenant")
    uri = of(workload.uri_bytes, "uri")
    row = (
        of(_CELL + _HEAD, "cell")
        + uri
        + tenant
        + of(_RECORD_DIGESTS, "digests")
        + of(_RECORD_NUMBERS, "numbers")
        + of(measured.FORMAT_BYTES, "format")
        + of(workload.attributes_bytes, "attributes")
    )
    own = lines.add(section, "records", pictures(workload) * sqlite.table(row))
    by_uri = uri + tenant + of(_URI_CELL, "cell")
    digests = of(_RECORD_DIGESTS, "digests") + of(3) * of(_DIGEST_CELL, "cells") + of(2 * 2)
    found = lines.add(
        section,
        "indexes of uri and digests",
        pictures(workload) * (sqlite.index(by_uri) + sqlite.index(digests)),
    )
    parts = [own, found]
    for one in workload.encoders:
        if one.kind == "hash":
            row = of(one.size / 8, "bytes") + of(_HASH_CELL, "cell")
        else:
            row = dimensions(one) * of(2, "bytes") + of(_VECTOR_CELL, "cell")
        name = f"{one.name} in the catalogue"
        parts.append(lines.add(section, name, pictures(workload) * sqlite.table(row)))
    return parts


def _indexes(lines: Lines, workload: Workload, spec: IndexSpec) -> list[Amount]:
    section = "indexes"
    parts = []
    for one in workload.encoders:
        if one.kind == "hash":
            name = f"{one.name} in its file"
            parts.append(lines.add(section, name, pictures(workload) * _code(one)))
            continue
        size = vector_bytes(spec, "local", dimensions=one.compared)
        index = inside(size.disk, size.disk_formula, spec.kind)
        fields = (
            of(measured.ENGINE_FIELDS_BYTES, "names and numbers")
            + of(workload.uri_bytes, "uri")
            + of(measured.TENANT_BYTES, "tenant")
            + of(workload.attributes_bytes, "attributes")
        )
        block = of(measured.ENGINE_BLOCK_BYTES, "block")
        fields = (fields / block).up() * block + of(measured.ENGINE_PLACE_BYTES, "ids and places")
        parts += [
            lines.add(section, f"{one.name} codes and graph", pictures(workload) * index),
            lines.add(section, f"{one.name} fields for filters", pictures(workload) * fields),
        ]
    return parts


def _code(one: Encoder) -> Amount:
    return of(one.size / 8, "bytes") + of(measured.HASH_INDEX_BYTES, "ids and tables")


def _index_bytes(workload: Workload, spec: IndexSpec) -> float:
    return total(_indexes(Lines(), workload, spec)).value / workload.pictures


def _memory(lines: Lines, workload: Workload, spec: IndexSpec) -> None:
    section = "memory"
    parts = [of(measured.PROCESS_BYTES, "bytes of the process")]
    for one in workload.encoders:
        name = f"{one.name} in memory"
        if one.kind == "hash":
            parts.append(lines.add(section, name, pictures(workload) * _code(one)))
            continue
        size = vector_bytes(spec, "local", dimensions=one.compared)
        index = inside(size.memory, size.memory_formula, spec.kind)
        each = index + of(measured.ENGINE_ID_BYTES, "ids")
        parts.append(lines.add(section, name, pictures(workload) * each))
    lines.add(section, "memory for fast searches", total(parts))
    if any(one.kind == "embedding" for one in workload.encoders):
        field = pictures(workload) * of(measured.FIELD_BYTES, "bytes")
        lines.add(section, "each field in filters, more", field, source=measured.FIELD_SOURCE)
