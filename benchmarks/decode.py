"""What decoding at reduced scale saves, what our checks cost, and whether another decoder wins.

    python benchmarks/decode.py ../shared/data/originals
    pip install simplejpeg opencv-python-headless imagecodecs pyvips pyvips-binary

Large JPEGs are photographs enlarged to 12 megapixels, with fine noise. The other decoders take
part where they are installed. They turn a JPEG into pixels and check nothing; ours also reads the
format, walks the header, applies the limits and turns the picture upright.
"""

import argparse
import importlib.util
import io
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from reduced_decode import twelve_megapixels

from lookalike.imaging import decode


def pillow(data: bytes, min_side: int | None = None) -> Image.Image:
    """Decode as one would with Pillow alone."""
    with Image.open(io.BytesIO(data)) as image:
        if min_side:
            image.draft("RGB", (min_side, min_side))
        return ImageOps.exif_transpose(image).convert("RGB")


def others() -> dict[str, Callable[[bytes], object]]:
    """The other decoders there are, in full and at 1/4 or the size that keeps 448 pixels."""
    ways: dict[str, Callable[[bytes], object]] = {}
    if simplejpeg := installed("simplejpeg"):
        ways["simplejpeg in full"] = simplejpeg.decode_jpeg
        ways["simplejpeg, fast and rough"] = lambda data: simplejpeg.decode_jpeg(
            data, fastdct=True, fastupsample=True
        )
        ways["simplejpeg for 448"] = lambda data: simplejpeg.decode_jpeg(
            data, min_height=448, min_width=448
        )
    if imagecodecs := installed("imagecodecs"):
        ways["imagecodecs in full"] = imagecodecs.jpeg8_decode
    if cv2 := installed("cv2"):
        cv2.setNumThreads(1)
        plain = cv2.IMREAD_IGNORE_ORIENTATION
        for name, flag in (
            ("OpenCV in full", cv2.IMREAD_COLOR),
            ("OpenCV at 1/4", cv2.IMREAD_REDUCED_COLOR_4),
        ):
            ways[name] = lambda data, flag=flag | plain: cv2.imdecode(
                np.frombuffer(data, np.uint8), flag
            )
    if pyvips := installed("pyvips"):
        pyvips.cache_set_max(0)
        ways["pyvips in full"] = lambda data: pyvips.Image.new_from_buffer(
            data, "", access="sequential"
        ).numpy()
        ways["pyvips thumbnail of 448"] = lambda data: pyvips.Image.thumbnail_buffer(
            data, 448, height=448
        ).numpy()
    return ways


def installed(name: str) -> Any:
    """The module, or None."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def median(work: Callable[[], object], count: int, rounds: int) -> float:
    """Milliseconds a picture, the median of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000 / count)
    return statistics.median(times)


def measure(title: str, files: Sequence[bytes], threads: int, rounds: int) -> None:
    """Print one table."""
    print(f"\n{title}, {sum(map(len, files)) / len(files) / 1000:,.0f} kB each, ms a picture")
    print(f"| {'way':30} | 1 thread | {threads} threads | against Pillow in full |")
    print(f"|{'-' * 32}|---------:|----------:|-----------------------:|")
    ways: dict[str, Callable[[bytes], object]] = {
        "Pillow in full": pillow,
        "lookalike in full": decode,
        "Pillow, draft mode for 224": lambda data: pillow(data, 224),
        "lookalike, min_side=224": lambda data: decode(data, min_side=224),
        "lookalike, min_side=448": lambda data: decode(data, min_side=448),
        **others(),
    }
    whole = 0.0
    for name, way in ways.items():
        alone = median(lambda way=way: [way(data) for data in files], len(files), rounds)
        with ThreadPoolExecutor(threads) as pool:
            shared = median(lambda way=way: list(pool.map(way, files)), len(files), rounds)
        whole = whole or alone
        print(f"| {name:30} | {alone:8.2f} | {shared:9.2f} | {whole / alone:21.2f}× |")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of JPEG photographs")
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    paths = sorted(options.folder.glob("*.jpg"))[: options.pictures]
    exif = Image.Exif()
    exif[0x0112] = 6
    for title, progressive in ("12 MP, baseline", False), ("12 MP, progressive", True):
        rng = np.random.default_rng(0)
        large = [twelve_megapixels(path, rng, exif=exif, progressive=progressive) for path in paths]
        measure(title, large, threads, options.rounds)
    measure("as they are", [path.read_bytes() for path in paths], threads, options.rounds)


if __name__ == "__main__":
    main()
