"""Fit the curves that say how sure a proof is, and print them for src/lookalike/proof/score.py.

    python scripts/fit_proof.py examples/photos MORE_PHOTOGRAPHS... --pictures 60

Takes about 15 s a picture, and needs SciPy. Copies of each photograph by every edit are compared
with it. Against them stand the photograph that looks most alike to an encoder, and that same pair
when both were given the same caption, watermark, border, page or screen. The photographs must be
none of those that quality is measured on, and no two of the same scene.
"""

import argparse
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize

from lookalike import proof
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC, HARD, edited
from lookalike.imaging import PICTURE_SUFFIXES, decode
from lookalike.processors import processors
from lookalike.proof.match import lay

FURNITURE = (
    *("text", "watermark", "meme-caption", "screenshot", "web-page", "letterbox"),
    *("black-border", "photographed"),
)
WHOLE = ("jpeg-8", "watermark", "text", "blur", "noise", "hue", "invert", "grey", "pixelate")
"""Edits after which the whole picture is where it was: only those are copies to pixels alone."""

WRONG = 3.0
"""Weight of all pairs of different photographs over that of all copies."""

SHRINK = 4e-5
"""Of the squares of the weights in what is made small."""

SHIFT = {"features": 2.5, "pixels": 1.6}
"""Added to the constant. Fitted curves are flat, since some different photographs on the same page
have nearly everything in common; shifted so far, only those reach 0.99."""

Row = tuple[float, ...]
Found = list[tuple[str, bool, list[Row]]]
"""By features or pixels; whether it is a copy; the evidence of each placement."""


def main() -> None:
    """Print both curves, and what they make of the pairs that they were fitted on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    files = [
        file
        for folder in options.folders
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in PICTURE_SUFFIXES
    ]
    random.Random(0).shuffle(files)  # noqa: S311 - to be the same again
    pictures = [decode(file.read_bytes(), min_side=600).image for file in files[: options.pictures]]
    for picture in pictures:
        picture.thumbnail((800, 800))
    vectors = registry.load("mobilenet-v3-large").encode_images(pictures)
    cosines = vectors @ vectors.T - 2 * np.eye(len(vectors), dtype=np.float32)
    alike = cosines.argmax(axis=1)
    rows: dict[tuple[str, bool], list[list[Row]]] = defaultdict(list)
    with ThreadPoolExecutor(processors()) as pool:
        tasks = [
            pool.submit(of_one, one, int(alike[one]), pictures) for one in range(len(pictures))
        ]
        for task in tasks:
            for kind, same, placed in task.result():
                rows[kind, same].append(placed)
    for kind, shift in SHIFT.items():
        curve = fitted(rows[kind, True], rows[kind, False])
        curve[0] += shift
        print(f"{kind}: {tuple(round(float(weight), 2) for weight in curve)}")
        for same, name in ((True, "copies"), (False, "others")):
            totals = [
                max((curve[0] + curve[1:] @ row for row in placed), default=-np.inf)
                for placed in rows[kind, same]
            ]
            sure = np.mean(np.array(totals) >= np.log(99))
            print(f"  {sure:.4f} of {len(totals)} {name} score 0.99 or more")


def of_one(one: int, alike: int, pictures: list[Image.Image]) -> Found:
    """The evidence of all pairs of one photograph."""
    mixed = [pictures[(one + step) % len(pictures)] for step in range(1, 5)]
    first, second = proof.extract(pictures[one]), proof.extract(pictures[alike])
    found: Found = []
    for edit in (*BASIC, *HARD):
        query = copied(pictures[one], edit, one, mixed, proof.QUERY_SIDE)
        found += evidence(query, first, same=True, whole=edit in WHOLE)
        found += evidence(query, second, same=False, whole=True)
    for edit in FURNITURE:
        query = copied(pictures[one], edit, one, mixed, proof.QUERY_SIDE)
        other = copied(pictures[alike], edit, one, mixed, proof.RECORD_SIDE)
        found += evidence(query, other, same=False, whole=True)
    return found


def copied(
    picture: Image.Image, edit: str, seed: int, mixed: list[Image.Image], side: int
) -> proof.Features:
    """The features of an edited copy."""
    with Image.open(io.BytesIO(edited(picture, edit, seed, mixed))) as image:
        return proof.extract(image.convert("RGB"), max_side=side)


def evidence(
    query: proof.Features, other: proof.Features, *, same: bool, whole: bool
) -> Iterator[tuple[str, bool, list[Row]]]:
    """What was found of a pair by features and, if asked for, by the pixels of the whole."""
    laid = list(lay(query, other))
    yield "features", same, [one.evidence for one in laid if one.placement is not None]
    if whole:
        yield "pixels", same, [one.evidence for one in laid if one.placement is None]


def fitted(copies: list[list[Row]], others: list[list[Row]]) -> NDArray[np.float64]:
    """Constant and weights ≥ 0 of a logistic curve; of a copy's placements the best one counts."""
    wrong = [row for placed in others for row in placed]
    curve = np.ones(len(wrong[0]) + 1)
    bounds = [(None, None), *[(0, None)] * len(wrong[0])]
    for _ in range(4):
        right = [max(placed, key=lambda row: float(curve[1:] @ row)) for placed in copies if placed]
        rows = np.column_stack([np.ones(len(right) + len(wrong)), np.array(right + wrong)])
        sign = np.repeat([1.0, -1.0], [len(right), len(wrong)])
        weight = np.repeat([1 / len(right), WRONG / len(wrong)], [len(right), len(wrong)])
        curve = minimize(
            loss, curve, (rows, sign, weight), jac=True, bounds=bounds, method="L-BFGS-B"
        ).x
    return curve


def loss(
    curve: NDArray[np.float64],
    rows: NDArray[np.float64],
    sign: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """The logistic loss with the weights' squares, and its slope."""
    margin = sign * (rows @ curve)
    slope = -rows.T @ (sign * weight / (1 + np.exp(margin)))
    slope[1:] += 2 * SHRINK * curve[1:]
    return float(weight @ np.logaddexp(0, -margin) + SHRINK * (curve[1:] ** 2).sum()), slope


if __name__ == "__main__":
    main()
