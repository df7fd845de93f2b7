"""What decoding large JPEGs at reduced scale changes in hashes and embeddings.

    python benchmarks/reduced_decode.py ../shared/data/originals [--count 40]

Makes 12-megapixel JPEGs (photographs enlarged, with fine noise), decodes each in full and at
the scale that an encoder's `min_side` allows, and compares.
"""

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.encoders import registry
from lookalike.imaging import decode


def main() -> None:
    """Print one table row for each encoder and scale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.jpg"))[: options.count]
    rng = np.random.default_rng(0)
    large = [twelve_megapixels(file, rng) for file in files]
    print(f"{len(large)} JPEGs, {sum(map(len, large)) / len(large) / 1e6:.1f} MB each on average")

    print(f"full decode: {milliseconds(large):.0f} ms a picture")
    full = [decode(data).image for data in large]
    for name in options.encoders:
        encoder = registry.load(name)
        exact = encoder.encode_images(full)
        for min_side in sorted({encoder.min_side, *(256, 512, 1024)}):
            ms = milliseconds(large, min_side)
            reduced = [decode(data, min_side=min_side).image for data in large]
            got = encoder.encode_images(reduced)
            mark = " (its min_side)" if min_side == encoder.min_side else ""
            head = f"{name}, min_side {min_side}{mark}: {ms:.0f} ms, {reduced[0].size}"
            print(f"{head}: {difference(exact, got)}", flush=True)


def milliseconds(large: Sequence[bytes], min_side: int | None = None) -> float:
    """A picture's decoding. None is kept: memory that is new each time costs a third more."""
    start = time.perf_counter()
    for data in large:
        decode(data, min_side=min_side)
    return (time.perf_counter() - start) / len(large) * 1000


def twelve_megapixels(file: Path, rng: np.random.Generator, **options: object) -> bytes:
    """A photograph enlarged to 12 megapixels, with noise of 4 grey levels, as a JPEG.

    `options` are Pillow's for saving.
    """
    with Image.open(file) as image:
        scale = (12e6 / (image.width * image.height)) ** 0.5
        size = round(image.width * scale), round(image.height * scale)
        pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))
    noise = rng.standard_normal(pixels.shape[:2], np.float32)[..., None] * 4
    noisy = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def difference(exact: np.ndarray, got: np.ndarray) -> str:
    """Bits that differ, or cosines, in words."""
    if exact.dtype == np.uint8:
        bits = np.unpackbits(exact ^ got, axis=1).sum(axis=1)
        size = 8 * exact.shape[1]
        return (
            f"bits differ in {(bits > 0).mean():.0%} of pictures, {bits.mean():.2f} on average, "
            f"at most {bits.max()} of {size}"
        )
    cosines = (exact * got).sum(axis=1)
    return f"cosine median {np.median(cosines):.4f}, least {cosines.min():.4f}"


if __name__ == "__main__":
    main()
