"""Fit how sure the search for copies is, from copies and look-alikes of photographs.

    python scripts/fit_copy_judge.py FOLDER... [--pictures 60] [--edits 5]
        [--encoder sscd-distilled] [--hashes phash,pdq]

Writes the curves of that encoder, and those of hashes alone, into
src/lookalike/copies/judge_curves.json. Of the photographs, which are none of those that quality is
measured on, some are edited in some of the ways of lookalike.evaluation.edits, and all that a
search for copies finds out about its candidates is kept, with the original there and without.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from logistic import fitted
from numpy.typing import NDArray

import lookalike
from lookalike import imaging
from lookalike.copies import proving
from lookalike.copies.chosen import choose
from lookalike.copies.effort import reach
from lookalike.copies.evidence import Evidence
from lookalike.copies.gather import Gathering
from lookalike.copies.judge import CURVES, curve_name, parts
from lookalike.copies.picture import given
from lookalike.copies.steps import Steps
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC, HARD, edited
from lookalike.records import Record

PLACE = Path(__file__).parent.parent / "src/lookalike/copies" / CURVES
KINDS = {".jpg", ".jpeg", ".png", ".webp"}
LEAST = 220
"""Pixels of the shorter side of a photograph: smaller ones are buttons and icons."""
SAME = 0.7
"""Cosine by SSCD from which two files are taken for the same picture, cut in other ways."""
STRENGTH = 0.3
"""Of the pull of the weights towards 0, so that what hardly occurs does not decide."""


@dataclass(frozen=True)
class Case:
    """A candidate: all that was found out, and whether it was the original."""

    evidence: Evidence
    right: bool
    name: str


def main() -> None:
    """Ask, fit, write, and print how sure the curves are of what."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--edits", type=int, default=5)
    parser.add_argument("--encoder", default="sscd-distilled")
    parser.add_argument("--hashes", default="phash,pdq")
    options = parser.parse_args()
    files = photographs(options.folders)
    random.Random(1).shuffle(files)  # noqa: S311 - to be the same again
    encoders = f"{options.encoder},{options.hashes}"
    with tempfile.TemporaryDirectory() as folder:
        cases = list(ask(Path(folder), files, encoders, options.pictures, options.edits))
    kept = json.loads(PLACE.read_text("ascii")) if PLACE.exists() else {}
    kept |= fit_all(cases)
    PLACE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "ascii")


def photographs(folders: Sequence[Path]) -> list[Path]:
    """The files of folders that are large enough, each picture once."""
    descriptor = registry.load("sscd-distilled")
    found: list[Path] = []
    known = np.zeros((0, descriptor.spec.size), np.float32)
    for file in sorted(file for folder in folders for file in folder.rglob("*")):
        if file.suffix.lower() not in KINDS:
            continue
        image = imaging.decode(file.read_bytes()).image
        if min(image.size) >= LEAST:
            own = descriptor.encode_images([image])
            if not (known @ own[0] >= SAME).any():
                found.append(file)
                known = np.concatenate([known, own])
    return found


def ask(
    folder: Path, files: Sequence[Path], encoders: str, pictures: int, edits: int
) -> Iterator[Case]:
    """Index four of five photographs; copies of some of these and of all others are asked for."""
    absent, crowd = files[::5], [file for place, file in enumerate(files) if place % 5]
    proving.PROOF_SECONDS = 600.0
    with lookalike.open(folder / "fit", encoder=encoders) as collection:
        collection.add(crowd)
        store = collection._store
        chosen = choose(store)
        own = {record.uri: record.id for record in collection.list()}
        asked = [*crowd[:pictures], *absent[:pictures]]
        started = time.monotonic()
        for number, file in enumerate(asked):
            rng = random.Random(number)  # noqa: S311 - to be the same again
            image = imaging.decode(file.read_bytes()).image
            image.thumbnail((800, 800))
            others = [imaging.decode(other.read_bytes()).image for other in rng.sample(absent, 3)]
            for other in others:
                other.thumbnail((800, 800))
            names = [*rng.sample(sorted(HARD), edits - edits // 3),
                     *rng.sample(sorted(BASIC), edits // 3)]  # fmt: skip
            for name in names:
                query = given(edited(image, name, number, others), min_side=chosen.min_side)
                gathering = Gathering(
                    store, query, chosen, reach(), Steps(), limit=10, where=None, tenant=None
                )
                found = gathering.evidence()
                right = own.get(str(file))
                yield from cases(query, found, right, name)
                if right in found:
                    del found[right]
                    yield from cases(query, found, None, name)
            print(f"{number + 1} of {len(asked)}, {time.monotonic() - started:.0f} s", flush=True)


def cases(
    query: object, found: dict[int, tuple[Record, Evidence]], right: int | None, name: str
) -> Iterator[Case]:
    """What is known of each candidate before and after proof."""
    for id_, (_, evidence) in found.items():
        yield Case(evidence, id_ == right, name)
    for id_, (_, evidence) in proving.proved(query, found).items():  # type: ignore[arg-type]
        if evidence.proved:
            yield Case(evidence, id_ == right, name)


def fit_all(found: Sequence[Case]) -> dict[str, list[float]]:
    """The curve of each kind of evidence, by `curve_name`; also without hashes or descriptor."""
    every = [*found]
    every += [replace(case, evidence=replace(case.evidence, hashes={})) for case in found]
    every += [replace(case, evidence=replace(case.evidence, likeness=None)) for case in found]
    by_name: dict[str, list[Case]] = {}
    for case in every:
        if case.evidence.likeness is not None or case.evidence.hashes:
            by_name.setdefault(curve_name(case.evidence), []).append(case)
    curves = {}
    for name, some in sorted(by_name.items()):
        rows = np.array([parts(case.evidence) for case in some])
        right = np.array([case.right for case in some])
        weights = fitted(rows, right, pull=STRENGTH)
        curves[name] = [round(float(weight), 3) for weight in weights]
        scores = 1 / (1 + np.exp(-(weights[0] + rows @ weights[1:])))
        told(name, curves[name], scores, right)
    return curves


def told(
    name: str, curve: Sequence[float], scores: NDArray[np.float64], right: NDArray[np.bool_]
) -> None:
    """Print what the curve makes of what it was fitted on."""
    called = scores >= 0.5
    print(
        f"{name:<28} {right.sum():5} right {(~right).sum():6} wrong; at .5: recall "
        f"{called[right].mean():.3f}, {(called & ~right).sum()} wrong; best wrong "
        f"{np.sort(scores[~right])[-3:].round(3)} {curve}"
    )


if __name__ == "__main__":
    main()
