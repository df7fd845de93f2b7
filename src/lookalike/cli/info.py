"""`lookalike info`: what a collection holds, and whether it is well."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, echo_table, is_terminal, say
from lookalike.cli.record import moment

if TYPE_CHECKING:
    from lookalike.calibration import Calibration
    from lookalike.stores.base import StoreStats


@click.command()
@options.collection
@options.as_json
def command(collection: str, as_json: bool) -> int:
    """Show counts, encoders, sizes and health of a collection.

    \b
    lookalike info
    lookalike info -c family.lookalike --json

    Exit status: 0 when all is well, 1 when the collection has a problem.
    """  # noqa: D301
    with options.open_existing(collection) as opened:
        stats = opened.stats()
        path = opened.address
        calibration = opened.calibration
        indexes = {name: str(index) for name, index in opened.indexes().items()}
        outgrown = opened.outgrown()
        waiting = opened.not_indexed(stats)
    if as_json:
        from lookalike.calibration.stored import plain

        kept = plain(calibration) if calibration.made is not None else None
        notices = list(calibration.notices)
        echo_json(
            {"collection": path, **to_dict(stats, indexes), "calibration": kept, "notices": notices}
        )
    else:
        _show(path, stats, indexes, calibration)
        for advice in outgrown:
            say(advice)
        for said in waiting:
            say(said)
    return 1 if stats.problems else 0


def to_dict(stats: "StoreStats", indexes: Mapping[str, str]) -> dict[str, Any]:
    """The statistics, and the index of each encoder, as JSON values; bytes not known are None."""
    told = bool(stats.catalogue_bytes)
    return {
        "records": stats.records,
        "encoders": [
            {
                "name": entry.spec.name,
                "kind": entry.spec.kind,
                "size": entry.spec.size,
                "fingerprint": entry.spec.fingerprint,
                "vectors": entry.vectors,
                "indexed": entry.indexed,
                "dimensions": entry.dimensions,
                "projection": entry.projection,
                "index": indexes[entry.spec.name],
                "index_bytes": entry.index_bytes if told else None,
            }
            for entry in stats.encoders
        ],
        "catalogue_bytes": stats.catalogue_bytes if told else None,
        "bytes": stats.catalogue_bytes + sum(entry.index_bytes for entry in stats.encoders)
        if told
        else None,
        "problems": list(stats.problems),
    }


def _show(
    path: str, stats: "StoreStats", indexes: Mapping[str, str], calibration: "Calibration"
) -> None:
    from lookalike.views import table
    from lookalike.views.text import printable, size

    index_bytes = sum(entry.index_bytes for entry in stats.encoders)
    rows = [
        ("collection", printable(path)),
        ("pictures", f"{stats.records:,}"),
        (
            "on disk",
            f"{size(stats.catalogue_bytes + index_bytes)} "
            f"(catalogue {size(stats.catalogue_bytes)}, indexes {size(index_bytes)})"
            if stats.catalogue_bytes
            else "unknown: the server does not say",
        ),
        ("health", "good" if not stats.problems else "see below"),
    ]
    echo_table(table.pairs(rows, terminal=is_terminal()))
    if stats.encoders:
        click.echo()
        echo_table(table.encoders(stats, indexes, terminal=is_terminal()))
    if calibration.made is not None:
        _show_calibration(calibration)
    for problem in stats.problems:
        say(problem)
    if stats.problems:
        say("`lookalike rebuild` makes the indexes anew from what is kept")


def _show_calibration(calibration: "Calibration") -> None:
    from lookalike.calibration import report
    from lookalike.views import table
    from lookalike.views.text import printable

    made = f"{moment(calibration.made or 0)} {report.measured_on(calibration)}"
    rows = [("calibrated", made)]
    rows += [(printable(name), value) for name, value in report.summary(calibration)]
    click.echo()
    echo_table(table.pairs(rows, terminal=is_terminal()))
    for notice in calibration.notices:
        say(notice)
