"""Try every source of every model; run it by scripts/fetch_models."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from PIL import Image

from lookalike.encoders import fetch, registry, weights
from lookalike.encoders.card import ModelCard, Source, Tower, WeightFile
from lookalike.encoders.sources import cache, hub
from lookalike.errors import LookalikeError

PHOTO = Path(__file__).resolve().parent.parent / "examples" / "photos" / "animals" / "otters.jpg"
ROW = "| {:<18} | {:<5} | {:<50} | {:>6} | {:>7} | {:<15} |"


def main() -> int:
    """Print a row for each source and each tower; 1 when one of them failed."""
    reachable = hub_is_reachable()
    failures = []
    print(ROW.format("model", "tower", "source", "MB", "seconds", "result"))
    print(ROW.format(*("-" * width for width in (18, 5, 50, 6, 7, 15))))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOOKALIKE_CACHE"] = folder
        os.environ["LOOKALIKE_MODELS"] = str(Path(folder) / "none")  # the user's own do not count
        names = [registry.card(name).name for name in sys.argv[1:]] or registry.names()
        done: set[tuple[Path, Source]] = set()
        for name in names:
            card = registry.card(name)
            for tower, file, source in sources(card):
                path = cache.place(card, file)
                if (path, source) in done:
                    continue
                done.add((path, source))
                start = time.perf_counter()
                if source.kind == "hub" and not reachable:
                    result = "hub unreachable"
                else:
                    reason = fetched(card, file, source, path)
                    result = "failed" if reason else "sha256 ok"
                    failures += [f"{name}: {source}: {reason}"] if reason else []
                seconds = time.perf_counter() - start
                row(name, tower, str(source).partition(",")[0], source.bytes, seconds, result)
            failures += tried(card)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def hub_is_reachable() -> bool:
    """Whether the model hub, or its mirror, answers at all."""
    try:
        return not httpx.head(hub.endpoint(), timeout=20).is_server_error
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def sources(card: ModelCard) -> Iterator[tuple[Tower, WeightFile, Source]]:
    """Every source of every file of a model."""
    for tower in card.towers:
        for file in card.files(tower):
            for source in file.sources:
                yield tower, file, source


def fetched(card: ModelCard, file: WeightFile, source: Source, path: Path) -> str | None:
    """Fetch a file from one of its sources, whatever another one brought; why not, or None."""
    with cache.lock(path):
        path.unlink(missing_ok=True)
        return fetch.fetch(card, source, file, path, None)


def tried(card: ModelCard) -> list[str]:
    """Encode a picture, and words where they are read, with what came; what failed."""
    failures = []
    missing = {tower for tower in card.towers if weights.locate(card, tower) is None}
    if "image" in missing:
        return []  # its sources have a row that says why
    with Image.open(PHOTO) as photo:
        picture = photo.convert("RGB")
    start = time.perf_counter()
    try:
        encoder = registry.load(card.name, offline=True)
        encoder.encode_images([picture])
        result = f"{card.size} {'bits' if card.kind == 'hash' else 'numbers'}"
        if card.text is not None and "text" not in missing:
            encoder.encode_texts(["otters in the water"])
            result += ", words"
    except LookalikeError as error:
        result = "failed"
        failures.append(f"{card.name}: {error}")
    row(card.name, "", "one picture encoded", card.bytes, time.perf_counter() - start, result)
    return failures


def row(name: str, tower: str, what: str, length: int, seconds: float, result: str) -> None:
    """Print one row of the table."""
    size = f"{length / 1e6:.1f}" if length else ""
    print(ROW.format(name, tower, what, size, f"{seconds:.1f}", result), flush=True)


if __name__ == "__main__":
    sys.exit(main())
