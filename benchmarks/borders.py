"""How exactly borders are found after compression, and whether pictures without one stay whole.

    python benchmarks/borders.py ../shared/data/labelled ../shared/data/originals

Frames of 3 to 42 pixels, all sides the same, are put around photographs and saved as JPEG.
"""

import argparse
import io
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.imaging import trim_borders
from lookalike.imaging.borders import content_box

BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (200, 30, 60)


def main() -> None:
    """Print one table row for each colour and quality."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=60, help="pictures of each folder")
    options = parser.parse_args()
    pictures = []
    for folder in options.folders:
        files = sorted(folder.rglob("*.jpg"))
        for file in files[:: max(1, len(files) // options.count)][: options.count]:
            with Image.open(file) as image:
                pictures.append(image.convert("RGB"))
    for name, colour in (("black", BLACK), ("any colour", None)):
        cut = sum(trim_borders(picture, colour=colour) is not picture for picture in pictures)
        print(f"{cut} of {len(pictures)} pictures without a frame lost something to {name}")
    print("\n| frame | asked for | quality | frames | exact | ≤ 1 | ≤ 2 | ≤ 3 | more |")
    print("|---|---|---|---|---|---|---|---|---|")
    for colour, asked in ((BLACK, BLACK), (WHITE, WHITE), (BLACK, None), (RED, None)):
        # A picture that has such a border of its own says nothing about the one around it.
        own = [p for p in pictures if trim_borders(p, colour=asked) is p]
        for quality in (30, 50, 75, 90):
            errors = Counter(
                min(4, error(picture, 3 + place % 40, colour, asked, quality))
                for place, picture in enumerate(own)
            )
            counts = " | ".join(str(sum(errors[k] for k in range(n + 1))) for n in range(4))
            print(f"| {colour} | {asked} | {quality} | {len(own)} | {counts} | {errors[4]} |")


def error(
    picture: Image.Image,
    width: int,
    colour: tuple[int, int, int],
    asked: tuple[int, int, int] | None,
    quality: int,
) -> int:
    """Pixels that the worst side is off."""
    size = picture.width + 2 * width, picture.height + 2 * width
    framed = Image.new("RGB", size, colour)
    framed.paste(picture, (width, width))
    file = io.BytesIO()
    framed.save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        box = content_box(np.asarray(image), colour=asked)
    right = width, width, width + picture.width, width + picture.height
    return max(abs(a - b) for a, b in zip(box, right, strict=True))


if __name__ == "__main__":
    main()
