"""The demo itself: index, search, find an original, a page of results; run it by scripts/demo."""

import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

import lookalike
from lookalike.errors import WeightsError
from lookalike.views.html import write_page

ROOT = Path(__file__).resolve().parent.parent
PHOTOS = Path("examples", "photos")
COLLECTION = Path("examples", ".lookalike")
PICTURE = PHOTOS / "earth" / "aurora-red-crown.jpg"
ORIGINAL = PHOTOS / "buildings" / "colosseum.jpg"
WORDS = "a rocket on the launch pad at night"
PAGE = Path("demo.html")

OK, FAILED, ENVIRONMENT = 0, 1, 3


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what comes, and how long it took."""
    print(f"\n== {title}", flush=True)
    start = time.monotonic()
    yield
    print(f"   {time.monotonic() - start:.1f} s", flush=True)


def command(*arguments: str | Path, may_return: int = OK) -> None:
    """Show a `lookalike` command, and run it; stop the demo when it fails."""
    words = ["lookalike", *map(str, arguments), "-c", str(COLLECTION)]
    print(f"$ {shlex.join(words)}", flush=True)
    program = Path(sys.executable).with_name(words[0])
    status = subprocess.run([program, *words[1:]], cwd=ROOT, check=False).returncode
    if status not in {OK, may_return}:
        sys.exit(f"the demo stopped: the command above ended with status {status}")


def edited_copy(original: Path, target: Path) -> None:
    """Crop, border, write over and compress, as happens to pictures on their way round the net."""
    with Image.open(original) as picture:
        width, height = picture.size
        x, y = width // 50, height // 50
        cropped = picture.crop((x, y, width - x, height - y))
    edited = ImageOps.expand(cropped, border=4, fill="white")
    font = ImageFont.load_default(size=height // 14)
    ImageDraw.Draw(edited).text(
        (width // 20, height * 6 // 7), "Greetings from Rome!", "white", font
    )
    edited.save(target, quality=30)


def main() -> None:
    """Run the demo."""
    with step("Index the example photographs (the first time, with the models' weights)"):
        command("index", PHOTOS)
    with tempfile.TemporaryDirectory() as temporary:
        edited = Path(temporary, "edited-copy.jpg")
        edited_copy(ROOT / ORIGINAL, edited)
        with step("Search by a picture: what looks like it?"):
            command("search", PICTURE, "-n", "5")
        with step("Find the original of a copy: cropped, bordered, written over, compressed"):
            command("copies", edited)
        with step("Search by words (where the text tower can be had)"):
            command("search", WORDS, "-n", "5", may_return=ENVIRONMENT)
        with step(f"Write {PAGE}, from Python"), lookalike.open(ROOT / COLLECTION) as collection:
            answers = [collection.search(ROOT / PICTURE), collection.copies(edited)]
            try:
                answers.append(collection.search(text=WORDS))
            except WeightsError:
                print("   without the search by words, for the reason above")
            write_page(answers, ROOT / PAGE)
    print(f"\nOpen the page of results: {(ROOT / PAGE).as_uri()}")


if __name__ == "__main__":
    main()
