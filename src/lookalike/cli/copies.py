"""`lookalike copies`: where is the original of this picture, and which are copies of it?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lookalike.cli import answer, options
from lookalike.cli.output import echo_json, say
from lookalike.cli.query import path_of
from lookalike.errors import UsageError
from lookalike.sources.uri import is_url

if TYPE_CHECKING:
    from lookalike.results import Results

_SIMILAR = 3
"""How many similar pictures stand in for copies where there is none."""


@click.command(no_args_is_help=True)
@click.argument("picture", required=False)
@options.collection
@click.option("--id", "id_", type=int, metavar="ID", help="Instead of PICTURE: copies of a record.")
@click.option("--stdin", is_flag=True, help="The picture comes in on standard input.")
@options.limit
@click.option("--threshold", type=float, metavar="X", help="Smallest score of a hit, 0 to 1.")
@options.where
@options.within
@options.tenant
@click.option(
    "--quick", is_flag=True, help="Look at the whole picture only, with and without its borders."
)
@click.option(
    "--orientations/--no-orientations",
    default=None,
    help="Look at it turned and mirrored; by default unless --quick.",
)
@click.option(
    "--regions/--no-regions",
    default=None,
    help="Look for pictures inside it, as in screenshots; by default unless --quick.",
)
@click.option(
    "--proof/--no-proof",
    default=None,
    help="Compare the best hits' files; by default where that may change the verdict.",
)
@click.option(
    "--similar/--no-similar",
    default=None,
    help="List similar pictures, too; by default the three nearest when there is no copy.",
)
@options.as_json
@options.output_file("--html", help="Also write a page with the hits and their proof.")
@options.output_file("--overlay", help="Also write the best hit's proof as a PNG.", suffix=".png")
def command(
    picture: str | None,
    collection: str,
    id_: int | None,
    stdin: bool,
    limit: int,
    threshold: float | None,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    quick: bool,
    orientations: bool | None,
    regions: bool | None,
    proof: bool | None,
    similar: bool | None,
    as_json: bool,
    html: Path | None,
    overlay: Path | None,
) -> int:
    """Find the original of a picture, or copies of it.

    \b
    lookalike copies screenshot.png                 where is the original of this?
    lookalike copies https://example.org/cat.jpg    a picture from the web
    lookalike copies --id 17                        which records are copies of record 17?

    Copies that were cropped, framed, written on, turned, mirrored, inverted, recompressed, or
    stand inside another picture are found, and each hit says why it is one. The score is how
    likely it is.

    \b
    lookalike copies meme.jpg --html proof.html --overlay proof.png
    lookalike copies cat.jpg --quick --within ~/Pictures/holiday

    Exit status: 0 with an identical picture or a copy, 1 without or when the picture cannot be
    used, 2 wrong use or no such file, 3 when the environment failed.
    """  # noqa: D301
    query = _query(picture, id_, stdin)
    if proof is None and not quick and (html or overlay):
        proof = True
    with options.open_existing(collection, beside_writer=True) as opened:
        results = opened.copies(
            query,
            id=id_,
            limit=limit,
            effort="quick" if quick else "full",
            orientations=orientations,
            regions=regions,
            proof=proof,
            where=where,
            within=within,
            tenant=tenant,
            threshold=threshold,
        )
    for notice in results.notices:
        say(notice)
    shown = _chosen(results, similar)
    if as_json:
        echo_json(shown.to_dict())
    else:
        _show(shown)
    answer.write(shown, html)
    if overlay is not None:
        _write_overlay(shown, overlay)
    return 0 if _copies(shown) else 1


def _query(picture: str | None, id_: int | None, stdin: bool) -> Any:
    """The picture that was given; None for a record."""
    if (picture is not None) + (id_ is not None) + stdin != 1:
        raise UsageError("give one picture: PICTURE, --id ID or --stdin")
    if stdin:
        return answer.read_stdin()
    if picture is None or is_url(picture):
        return picture
    return options.existing_paths([path_of(picture)])[0]


def _copies(results: "Results") -> list[Any]:
    from lookalike.records import Verdict

    return [hit for hit in results if hit.verdict is not Verdict.SIMILAR]


def _chosen(results: "Results", similar: bool | None) -> "Results":
    """The hits to list."""
    copies = _copies(results)
    if similar or (similar is None and not copies):
        return results if similar else results.only(results[:_SIMILAR])
    return results.only(copies)


def _show(results: "Results") -> None:
    if results and not _copies(results):
        say("no copy found; these are the nearest there are")
    answer.show(results, pictures=False, reasons=True)


def _write_overlay(results: "Results", path: Path) -> None:
    from io import BytesIO

    from lookalike.copies import overlay
    from lookalike.views.file import write_file

    if not results.query_pictures or not _copies(results):
        say(f"did not write {path}: there is no copy to prove")
        return
    picture = BytesIO()
    overlay(results.query_pictures[0], results[0]).save(picture, "PNG", optimize=True)
    write_file(path, picture.getvalue())
    say(f"wrote {path}")
