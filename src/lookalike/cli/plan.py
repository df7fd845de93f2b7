"""`lookalike plan`: what a collection of some size takes, with every formula."""

from typing import TYPE_CHECKING, Any

import click

from lookalike.cli.output import echo_json, echo_table, is_terminal

if TYPE_CHECKING:
    from lookalike.planning import Plan


@click.command(no_args_is_help=True)
@click.option("--pictures", required=True, metavar="N", help="How many: 1e9, 100M, 250k.")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME,NAME",
    help="Encoders; those of a new collection by default. dimensions:768 and bits:64 stand for "
    "vectors and hashes made elsewhere.",
)
@click.option(
    "--store",
    type=click.Choice(["local", "milvus"]),
    help="For this store; by default for the one that suits so many pictures.",
)
@click.option(
    "--index",
    "indexes",
    multiple=True,
    metavar="KIND",
    help="A kind of index to compare, such as HNSW:M=32; may be given again.",
)
@click.option("--tenants", default="1", metavar="N", help="How many tenants.")
@click.option("--attributes-bytes", default="100", metavar="N", help="Of a record, as JSON.")
@click.option("--uri-bytes", default="60", metavar="N", help="Of a path or URL.")
@click.option("--picture-bytes", default="0", metavar="N", help="Of a file, to keep those too.")
@click.option("--qps", default="0", metavar="N", help="Searches per second.")
@click.option(
    "--recall", type=float, default=0.95, show_default=True, metavar="R", help="To be found."
)
@click.option("--replicas", type=int, default=1, show_default=True, metavar="N", help="Copies.")
@click.option(
    "--node-memory", default="64GiB", show_default=True, metavar="N", help="Of a query node."
)
@click.option(
    "--node-cores", type=int, default=16, show_default=True, metavar="N", help="Of a query node."
)
@click.option(
    "--workers", type=int, default=1, show_default=True, metavar="N", help="Machines that encode."
)
@click.option(
    "--pictures-per-second", type=float, metavar="N", help="Of one machine, as you measured it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(
    pictures: str,
    encoders: tuple[str, ...],
    store: Any,
    indexes: tuple[str, ...],
    tenants: str,
    attributes_bytes: str,
    uri_bytes: str,
    picture_bytes: str,
    qps: str,
    recall: float,
    replicas: int,
    node_memory: str,
    node_cores: int,
    workers: int,
    pictures_per_second: float | None,
    as_json: bool,
) -> None:
    """Say what a collection takes: memory, disk, machines, hours.

    \b
    lookalike plan --pictures 2M
    lookalike plan --pictures 1e9 --encoder clip-vit-b-16,phash --tenants 50k --qps 1000
    lookalike plan --pictures 100M --encoder dimensions:768 --index HNSW --index IVF_SQ8

    Every figure comes with its formula. docs/capacity.md says how near the figures came to what
    was measured.
    """  # noqa: D301
    from lookalike.arguments import encoder_names
    from lookalike.planning import Workload, encoder, make
    from lookalike.planning.counts import count, size
    from lookalike.planning.workload import DEFAULT_ENCODERS

    names = encoder_names(",".join(encoders)) if encoders else list(DEFAULT_ENCODERS)
    workload = Workload(
        pictures=count(pictures, "--pictures"),
        encoders=tuple(encoder(name) for name in names),
        tenants=count(tenants, "--tenants"),
        attributes_bytes=size(attributes_bytes, "--attributes-bytes"),
        uri_bytes=size(uri_bytes, "--uri-bytes"),
        qps=count(qps, "--qps"),
        recall=recall,
        replicas=replicas,
        node_memory=size(node_memory, "--node-memory"),
        node_cores=node_cores,
        workers=workers,
        pictures_per_second=pictures_per_second,
        picture_bytes=size(picture_bytes, "--picture-bytes"),
        indexes=indexes,
    )
    plan = make(workload, store)
    if as_json:
        lines = [one.to_dict() for one in plan.lines]
        said = {"store": plan.store, "index": plan.index or None}
        echo_json(said | {"lines": lines, "advice": list(plan.advice)})
    else:
        _show(plan)


def _show(plan: "Plan") -> None:
    from lookalike.views import table

    terminal = is_terminal()
    shown = [one for one in plan.lines if one.index in {"", plan.index}]
    for section in dict.fromkeys(one.section for one in shown):
        named = plan.index and any(one.index for one in shown if one.section == section)
        title = f"{section}, {plan.index}" if named else section
        click.echo(click.style(title, bold=True) if terminal else title)
        rows = [
            (f"  {one.name}", one.readable, _formula(one.formula, one.source))
            for one in shown
            if one.section == section
        ]
        echo_table(table.quantities(rows, terminal=terminal))
        click.echo()
    kinds = list(dict.fromkeys(one.index for one in plan.lines if one.index))
    if len(kinds) > 1:
        columns = ("index", *kinds)
        echo_table(table.measurements(columns, _beside(plan, kinds), terminal=terminal, words=1))
        click.echo()
    for words in plan.advice:
        click.echo(f"→ {words}")


def _formula(formula: str, source: str) -> str:
    return f"{formula} ({source})" if source else formula


def _beside(plan: "Plan", kinds: list[str]) -> list[tuple[str, ...]]:
    """A row for each quantity that is another one for each index."""
    names = dict.fromkeys(one.name for one in plan.lines if one.index)
    found = {(one.name, one.index): one.readable for one in plan.lines}
    rows = [(name, *(found.get((name, kind), "") for kind in kinds)) for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]
