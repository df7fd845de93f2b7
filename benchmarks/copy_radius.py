"""How near in pHash are different pictures, and how far are edited copies of one?

Chooses `lookalike.search.COPY_RADIUS`. Usage:

    python benchmarks/copy_radius.py ../shared/data
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from lookalike import imaging
from lookalike.encoders import registry


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Recompress."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def crop(image: Image.Image, keep: float) -> Image.Image:
    """Keep the middle part of each side."""
    width, height = image.size
    margin = (1 - keep) / 2
    return image.crop(
        (
            round(width * margin),
            round(height * margin),
            round(width * (1 - margin)),
            round(height * (1 - margin)),
        )
    )


def noise(image: Image.Image) -> Image.Image:
    """Add Gaussian noise of 20 levels."""
    pixels = np.asarray(image, np.float32)
    noisy = pixels + np.random.default_rng(0).normal(0, 20, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def text(image: Image.Image) -> Image.Image:
    """Write two words near the lower edge."""
    written = image.copy()
    ImageDraw.Draw(written).text((10, image.height - 60), "HELLO WORLD", "white", font_size=48)
    return written


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG quality 8": lambda image: jpeg(image, 8),
    "quarter size": lambda image: image.resize((image.width // 4, image.height // 4)),
    "stretched 70 %": lambda image: image.resize((image.width, image.height * 7 // 10)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blur 3": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "noise 20": noise,
    "brightness 1.4": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "contrast 1.4": lambda image: ImageEnhance.Contrast(image).enhance(1.4),
    "text": text,
    "crop to 95 %": lambda image: crop(image, 0.95),
    "crop to 80 %": lambda image: crop(image, 0.8),
}


def main() -> None:
    """Print both distributions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    hasher = registry.load("phash")

    def hashes(images: list[Image.Image]) -> np.ndarray:
        return hasher.encode_images(images).view(np.uint64)[:, 0]

    def read(folder: str) -> list[Image.Image]:
        files = sorted(p for p in (data / folder).rglob("*") if p.suffix == ".jpg")
        return [imaging.decode(p.read_bytes()).image for p in files]

    different = hashes(read("labelled") + read("captions"))
    distances = np.bitwise_count(different[:, None] ^ different)
    upper = distances[np.triu_indices(len(different), 1)]
    print(f"{len(upper):,} pairs of different pictures")
    for radius in (4, 6, 8, 10, 11, 12, 14):
        print(f"  within {radius:2} bits: {(upper <= radius).sum()}")
    originals = read("originals")
    wanted = hashes(originals)
    print(f"{len(originals)} originals: share of copies within 4, 6, 8, 10, 12 bits")
    for name, edit in EDITS.items():
        far = np.bitwise_count(wanted ^ hashes([edit(image) for image in originals]))
        shares = "  ".join(f"{(far <= radius).mean():.2f}" for radius in (4, 6, 8, 10, 12))
        print(f"  {name:16} {shares}")


if __name__ == "__main__":
    main()
