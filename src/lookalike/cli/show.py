"""`lookalike show`: everything about one record."""

import os
from typing import TYPE_CHECKING, Any

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, echo_table, is_terminal, say
from lookalike.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lookalike.collection import Collection
    from lookalike.records import EncoderSpec, Record

_SAME_SHOWN = 10
"""Records of one digest that are named."""

_TENANTS_SHOWN = 5
"""Tenants of one path that are named."""


@click.command(no_args_is_help=True)
@click.argument("record", metavar="ID|PATH|URL|DIGEST")
@options.collection
@click.option("--tenant", metavar="NAME", help="Whose picture it must be.")
@options.as_json
@click.option(
    "--pictures/--no-pictures",
    default=None,
    help="Show the picture in the terminal; by default where it can.",
)
def command(
    record: str, collection: str, tenant: str | None, as_json: bool, pictures: bool | None
) -> int:
    """Show one record with all that is known of it.

    \b
    lookalike show 17
    lookalike show photos/cat.jpg
    lookalike show 17 --json
    lookalike show d41d8cd98f00b204e9800998ecf8427e     by the MD5 or SHA-256 of its file
    """  # noqa: D301
    from lookalike.cli.record import to_dict

    with options.open_existing(collection) as opened:
        found = _find(opened, record, tenant)
        trimmed = opened.trimmed_of(found.id)
        vectors = opened.vectors_of(found.id)
        qualities = opened.qualities_of(found.id)
        specs = {spec.name: spec for spec in opened.encoders}
    if as_json:
        encoders = {name: _vector_json(specs[name], vector) for name, vector in vectors.items()}
        for name, quality in qualities.items():
            encoders[name]["quality"] = quality
        for name, vector in trimmed.items():
            encoders[name]["trimmed"] = vector.tobytes().hex()
        echo_json({**to_dict(found), "encoders": encoders})
        return 0
    from lookalike.views import table, terminal

    if terminal.wanted(pictures, say):
        terminal.show_picture(found.uri, say=say)
    echo_table(
        table.pairs(_rows(found, specs, vectors, qualities, trimmed), terminal=is_terminal())
    )
    return 0


def _find(opened: "Collection", record: str, tenant: str | None) -> "Record":
    """The record of an id, a path or URL, or the first of those with a digest."""
    from lookalike.arguments import is_digest
    from lookalike.cli.record import find

    same = opened.find_digest(record, tenant) if is_digest(record) else []
    if not same:
        try:
            return find(opened, record, tenant)
        except NotFoundError:
            if tenant is not None or record.isdecimal():
                raise
            found = _of_tenants(opened, record)
            if found is None:
                raise
            return found
    if len(same) > 1:
        ids = ", ".join(str(one.id) for one in same[1:_SAME_SHOWN])
        more = f" and {len(same) - _SAME_SHOWN:,} more" if len(same) > _SAME_SHOWN else ""
        say(f"the same bytes: id {ids}{more}")
    return same[0]


def _of_tenants(opened: "Collection", name: str) -> "Record | None":
    """The record of a path or URL, whichever tenant has it; None where none has.

    Raises:
        UsageError: several have it; names them.
    """
    from itertools import islice

    from lookalike.filters import Field, OneOf
    from lookalike.sources.uri import from_path

    path = os.path.expanduser(name)
    where = OneOf(Field(("uri",), system=True), (path, from_path(path)))
    found = list(islice(opened.list(where=where), _TENANTS_SHOWN + 1))
    if len(found) > 1:
        tenants = ", ".join(repr(one.tenant) for one in found[:_TENANTS_SHOWN])
        more = " and others" if len(found) > _TENANTS_SHOWN else ""
        raise UsageError(f"several tenants have {name} ({tenants}{more}): name one with --tenant")
    return found[0] if found else None


def _vector_json(spec: "EncoderSpec", vector: Any) -> dict[str, Any]:
    """Kind and size, and the value of a hash: an embedding's numbers tell nobody anything."""
    described: dict[str, Any] = {"kind": spec.kind, "size": spec.size}
    if spec.kind == "hash":
        described["hash"] = vector.tobytes().hex()
    return described


def _rows(
    record: "Record",
    specs: "Mapping[str, EncoderSpec]",
    vectors: "Mapping[str, Any]",
    qualities: "Mapping[str, int]",
    trimmed: "Mapping[str, Any]",
) -> list[tuple[str, str]]:
    from lookalike.cli.record import moment
    from lookalike.views.text import printable, size, value_of

    rows = [("id", str(record.id)), ("picture", printable(record.uri))]
    if record.tenant:
        rows.append(("tenant", printable(record.tenant)))
    if record.width:
        rows.append(("pixels", f"{record.width} × {record.height}"))
    if record.format:
        rows.append(("format", record.format))
    if record.size is not None:
        exact = f" ({record.size:,} bytes)" if record.size >= 1024 else ""
        rows.append(("size", f"{size(record.size)}{exact}"))
    if record.modified_ns is not None:
        rows.append(("modified", moment(record.modified_ns / 1e9)))
    rows += [("added", moment(record.added)), ("updated", moment(record.updated))]
    if record.duplicate_of is not None:
        rows.append(("duplicate of", f"id {record.duplicate_of}"))
    digests = (("sha256", record.sha256), ("md5", record.md5), ("pixel digest", record.pixels))
    for name, digest in digests:
        if digest:
            rows.append((name, digest.hex()))
    for name, vector in vectors.items():
        spec = specs[name]
        value = vector.tobytes().hex() if spec.kind == "hash" else f"{spec.size:,} dimensions"
        if name in qualities:
            value += f" (quality {qualities[name]} of 100)"
        rows.append((printable(name), value))
        if name in trimmed:
            within = f"{trimmed[name].tobytes().hex()} without the {record.border} border"
            rows.append(("", within))
    for key, value in record.attributes.items():
        rows.append((printable(f".{key}"), value_of(value)))
    return rows
