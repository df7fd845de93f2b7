"""Edited copies of the collection's own pictures, and what a search for their originals finds."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from lookalike.calibration.evidence import Measured, Pair, Seen, Twins
from lookalike.calibration.kept import Kept
from lookalike.calibration.stored import Calibration
from lookalike.calibration.twins import OwnTwins, Told
from lookalike.copies.find import find
from lookalike.copies.hashing import RADIUS
from lookalike.copies.reading import decode_record
from lookalike.encoders.matching import load_matching
from lookalike.errors import LookalikeError, NotFoundError, PictureError, UsageError
from lookalike.evaluation.edits import BASIC, HARD, MIXED, edited
from lookalike.imaging import decode
from lookalike.records import Record
from lookalike.search.fingerprints import COPY_HASH, FLAT_BITS
from lookalike.sources.base import Failure
from lookalike.sources.uri import is_url
from lookalike.stores.base import Progress, Store

if TYPE_CHECKING:
    from PIL.Image import Image

Edits = Literal["basic", "hard", "all"]
EDITS: Mapping[Edits, tuple[str, ...]] = {
    "basic": (*BASIC,),
    "hard": (*HARD,),
    "all": (*BASIC, *HARD),
}
HITS = 10
"""Hits of each answer that count."""

SIDE = 1024
"""Pixels of the longer side of a picture to be edited, at most."""

WORTH_A_LOOK = 0.05
"""Smallest score of a wrong hit that is looked into: lower ones decide nothing."""

_EACH = 4
"""Edits of one picture, where there are pictures enough."""
_SHIFT = 7
_MIXED_IN = 3
_NEAR = 50
_HELD = 32
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Query:
    """An edit of a record's picture, with pictures of other records mixed in."""

    record: Record
    edit: str
    seed: int
    others: tuple[Record, ...]

    @property
    def name(self) -> str:
        """Tells it from all others of a run."""
        return f"{self.record.id} {self.edit} {self.seed}"


@dataclass(frozen=True, slots=True)
class Holding:
    """The records that may have a file here, and what tells the contents from others."""

    ids: tuple[int, ...]
    state: tuple[int, float]


def holding(store: Store) -> Holding:
    """Look at every record once."""
    ids: list[int] = []
    count, last = 0, 0.0
    for record in store.scan():
        count, last = count + 1, max(last, record.updated)
        if not is_url(record.uri):
            ids.append(record.id)
    return Holding(tuple(ids), (count, last))


def measure(
    store: Store,
    held: Holding,
    *,
    count: int,
    edits: Edits,
    seed: int,
    kept: Kept | None,
    progress: Progress | None = None,
) -> Measured:
    """Ask for the originals of edited pictures, evenly of each edit.

    Right is the picture that was edited. The others of an answer are wrong, but for those that
    were mixed into the edit, duplicates of any of them, and what cannot be told. What was
    calibrated before plays no part: scores are those of the shipped thresholds.

    Args:
        store: the collection's.
        held: its records.
        count: edited pictures to ask for.
        edits: which ones.
        seed: of the pictures, and of what the edits leave to chance.
        kept: answers of earlier runs.
        progress: called as progress(stage, done, total).

    Raises:
        UsageError: there are too few pictures that can be read.
    """
    drawn = _Drawn(store, held, count, edits, seed)
    seen: list[tuple[Query, Seen]] = []
    for done, query in enumerate(drawn.queries(), 1):
        answer = kept.get(query.name) if kept is not None else None
        if answer is None:
            try:
                found = _ask(store, drawn.picture(query))
            except PictureError as error:  # an edit of a long, thin picture may be too thin
                drawn.left_out += (Failure(query.record.uri, f"its edit {query.edit}: {error}"),)
                continue
            if kept is not None:
                kept.put(query.name, [found.hits, found.near])
        else:
            found = Seen(tuple(map(tuple, answer[0])), tuple(map(tuple, answer[1])))
        seen.append((query, found))
        if progress:
            progress("looking for edited pictures", done, count)
    return _judged(store, seen, drawn.left_out)


class _Drawn:
    """Pictures drawn from a collection; those that cannot be read are left out and replaced."""

    def __init__(self, store: Store, held: Holding, count: int, edits: Edits, seed: int) -> None:
        self.left_out: tuple[Failure, ...] = ()
        self._store = store
        self._count = count
        self._seed = seed
        self._rng = random.Random(seed)  # noqa: S311 - to be the same again
        self._ids = self._rng.sample(held.ids, len(held.ids))
        self._names = self._rng.sample(EDITS[edits], len(EDITS[edits]))
        self._image = lru_cache(_HELD)(self._decoded)

    def queries(self) -> Iterator[Query]:
        """So many as were asked for, evenly of each edit."""
        records = self._readable(max(2, -(-self._count // _EACH)))
        for number in range(self._count):
            turn, place = divmod(number, len(records))
            # Every turn shifts the edits, so that a picture gets the same one again at last.
            name = self._names[(place + turn * _SHIFT) % len(self._names)]
            record = records[place]
            rest = [other for other in records if other is not record]
            others = self._rng.sample(rest, min(_MIXED_IN, len(rest))) if name in MIXED else []
            yield Query(record, name, self._seed + number, tuple(others))

    def picture(self, query: Query) -> bytes:
        """The edited picture, as a JPEG file."""
        others = [self._image(other.id) for other in query.others]
        return edited(self._image(query.record.id), query.edit, query.seed, others)

    def _readable(self, count: int) -> list[Record]:
        found: list[Record] = []
        left_out: list[Failure] = []
        for id_ in self._ids:
            if len(found) == count:
                break
            (record,) = self._store.get([id_])
            if record is None:  # deleted meanwhile
                continue
            try:
                self._image(id_)
                found.append(record)
            except (LookalikeError, OSError) as error:
                left_out.append(Failure(record.uri, str(error)))
        self.left_out = tuple(left_out)
        if len(found) < 2:
            raise UsageError(
                "calibrating takes the files of two pictures of the collection at least, and of "
                f"{len(self._ids)} only {len(found)} can be read; a table of --pairs needs none"
            )
        return found

    def _decoded(self, id_: int) -> "Image":
        (record,) = self._store.get([id_])
        if record is None:
            raise NotFoundError(f"the record {id_} was deleted meanwhile; calibrate again")
        image = decode_record(record, min_side=SIDE, timeout=_SECONDS)
        image.thumbnail((SIDE, SIDE))
        return image


def _ask(store: Store, data: bytes) -> Seen:
    hits = find(store, data, limit=HITS, limits=Calibration())
    return Seen(tuple((hit.id, hit.score) for hit in hits), _near(store, data))


def _near(store: Store, data: bytes) -> tuple[tuple[int, int], ...]:
    """What the pHash of a picture is near to."""
    spec = next((one for one in store.encoders() if one.name == COPY_HASH), None)
    if spec is None:
        return ()
    encoder = load_matching(spec)
    (own,) = encoder.encode_images([decode(data, min_side=encoder.min_side).image])
    if int(np.bitwise_count(own).sum()) < FLAT_BITS:
        return ()
    found = store.within(COPY_HASH, own, RADIUS, _NEAR)
    return tuple((one.id, int(one.distance)) for one in found)


def _judged(
    store: Store, seen: Sequence[tuple[Query, Seen]], left_out: tuple[Failure, ...]
) -> Measured:
    """Say of every pair whether it is right."""
    own = OwnTwins(store)
    pairs: list[Pair] = []
    set_aside: dict[tuple[int, int], tuple[bool | None, Twins]] = {}
    for query, answer in seen:
        scores, near = dict(answer.hits), dict(answer.near)
        pairs.append(
            Pair("copy", scores.pop(query.record.id, 0.0), near.pop(query.record.id, None))
        )
        for record in store.get(sorted(scores.keys() | near.keys())):
            if record is None or record in query.others:
                continue
            score, distance = scores.get(record.id, 0.0), near.get(record.id)
            if score >= WORTH_A_LOOK or distance is not None:
                twin = _twin(own, record, (query.record, *query.others))
                if twin is not None:
                    one, told = twin
                    pair = min(one.id, record.id), max(one.id, record.id)
                    aside = (told.same, Twins(one.uri, record.uri, told.why))
                    set_aside.setdefault(pair, aside)
                    continue
            pairs.append(Pair("different", score, distance))
    return Measured(
        tuple(pairs),
        len(seen),
        len(seen),
        left_out,
        tuple(pair for same, pair in set_aside.values() if same),
        tuple(pair for same, pair in set_aside.values() if same is None),
    )


def _twin(own: OwnTwins, record: Record, shown: Sequence[Record]) -> tuple[Record, Told] | None:
    """Which of the pictures in a query a record is a duplicate of, or may be; None for none."""
    open_: tuple[Record, Told] | None = None
    for one in shown:
        told = own.told(one, record)
        if told.same:
            return one, told
        if told.same is None:
            open_ = open_ or (one, told)
    return open_
