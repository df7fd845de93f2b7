"""By what a collection's records are compared, and from where on two of them are copies."""

from dataclasses import dataclass

from lookalike import calibration
from lookalike.arguments import checked
from lookalike.copies.chosen import MADE_FOR_COPIES
from lookalike.errors import UsageError
from lookalike.search.choose import find
from lookalike.search.fingerprints import COPY_HASH
from lookalike.stores.base import Store

SURE = 0.90
"""Cosine of a copy descriptor from which two pictures are called copies without further proof.

Photographs of one thing taken after another are nearer to each other than most edited copies are
to their original: benchmarks/duplicates.py prints what this leaves of both.
"""

LIKELY = 0.72
"""Cosine of a copy descriptor from which that holds where the pHashes are near as well."""

LIKELY_BITS = 14
"""How near, in bits of 64, one of the pictures turned or mirrored in whichever way fits best.

Of the example photographs' basic edits these two find 8 in 100 more, and no pair more among 560
photographs of a kind; at 18 bits they would take three such pairs for copies.
"""

DOUBTFUL = 0.65
"""Cosine from which the pictures themselves are compared, where that is asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared.

    `hash` and `encoder` are names of encoders of hashes and of embeddings, "" for none; `radius`
    in bits; `sure`, `likely` and `doubtful` cosines.
    """

    hash: str = ""
    radius: int = 0
    encoder: str = ""
    sure: float = SURE
    likely: float = SURE
    doubtful: float = DOUBTFUL
    notices: tuple[str, ...] = ()

    @property
    def by(self) -> tuple[str, ...]:
        """In words: digests, then the encoders."""
        return ("digests", *(name for name in (self.hash, self.encoder) if name))


def plan(
    store: Store, *, exact: bool, encoder: str | None = None, threshold: float | None = None
) -> Plan:
    """What a collection has for finding duplicates.

    Args:
        store: the collection's.
        exact: only digests are compared.
        encoder: the embedding to compare by, instead of the one made for copies.
        threshold: the cosine to call a copy, instead of `SURE`.

    Raises:
        UsageError: there is no such encoder of embeddings, or the threshold is no cosine above 0.
    """
    if threshold is not None and not 0 < checked(threshold, float | int, _RULE) <= 1:
        raise UsageError(f"{_RULE}, got {threshold}")
    if exact:
        return Plan()
    specs = {spec.name: spec for spec in store.encoders()}
    thresholds = calibration.read(store)
    notices = list(thresholds.notices)
    if encoder is not None:
        name = find(tuple(specs.values()), encoder).name
        if specs[name].kind != "embedding":
            raise UsageError(f"{name} makes hashes, which are compared anyway: name an embedding")
        if name not in MADE_FOR_COPIES and threshold is None:
            raise UsageError(
                f"{name} was not made to tell copies from look-alikes: give a threshold, "
                "such as 0.97"
            )
    else:
        name = next((one for one in MADE_FOR_COPIES if one in specs), "")
    if COPY_HASH not in specs and not name:
        notices.append(
            "the collection has neither phash nor an encoder made for copies, so only identical "
            "pictures are found; `lookalike index --encoder phash,sscd-distilled PATH` adds them"
        )
    elif not name:
        notices.append(
            "cropped and heavily edited copies need an encoder made for copies; "
            "`lookalike index --encoder sscd-distilled PATH` adds one"
        )
    sure = float(threshold or SURE)
    both = threshold is None and COPY_HASH in specs and name in MADE_FOR_COPIES
    return Plan(
        hash=COPY_HASH if COPY_HASH in specs else "",
        radius=thresholds.copy_radius,
        encoder=name,
        sure=sure,
        likely=LIKELY if both else sure,
        doubtful=min(DOUBTFUL, sure),
        notices=tuple(notices),
    )


_RULE = "the threshold is a cosine above 0 and at most 1"
