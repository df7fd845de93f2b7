"""What each step of a search for copies gives, from the evidence of one full search.

A full search has looked at everything, so its candidates are those of every step and more; with
the looks of later steps left out, the best of them is the best that the step itself finds.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

from copy_answers import Answer, Shown, row

from lookalike.copies import gather
from lookalike.copies.descriptor import Looked
from lookalike.copies.evidence import Evidence, Look
from lookalike.copies.hashing import Hashes
from lookalike.copies.judge import judge
from lookalike.copies.views import WHOLE
from lookalike.search.fingerprints import COPY_HASH
from lookalike.stores.base import Store

LIMIT = 10

Parts = Mapping[str, tuple[Shown, ...]]
"""The hits up to each step, by the step's name."""
Wanted = Callable[[Look], bool]

LAST = "+ proof"


def _plain(look: Look) -> bool:
    return look == Look()


def _straight(look: Look) -> bool:
    return look in {Look(), Look(trimmed=True)}


def _any_way(look: Look) -> bool:
    """The whole picture, in any orientation and as a negative."""
    return look.box == WHOLE and look.straightened is None


def _any(_look: Look) -> bool:
    return True


class Watch:
    """Takes down, of each search in this process, what its steps find."""

    def __init__(self) -> None:
        self.parts: Parts = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator["Watch"]:
        """Look on while searches are made."""
        measured = gather.Gathering._measured
        watch = self

        def measure(
            self: Any, pixels: Any, hashes: Sequence[Hashes], looks: Looked | None, *more: Any
        ) -> Any:
            found = measured(self, pixels, hashes, looks, *more)
            uris = {id_: record.uri for id_, (record, _) in found.items()}
            watch.parts = _parts(self._store, uris, hashes, looks)
            return found

        with mock.patch.object(gather.Gathering, "_measured", measure):
            yield self


def _parts(
    store: Store, uris: Mapping[int, str], hashes: Sequence[Hashes], looks: Looked | None
) -> Parts:
    ids = sorted(uris)
    phash = [one for one in hashes if one.spec.name == COPY_HASH]

    def hits(some: Sequence[Hashes], seen: Looked | None, source: Any = store) -> tuple[Shown, ...]:
        near = {one.spec.name: one.distances(source, ids) for one in some}
        likeness = {} if seen is None else seen.likenesses(store, ids)
        scored = []
        for id_ in ids:
            by_hash = {name: found[id_] for name, found in near.items() if id_ in found}
            verdict, score = judge(Evidence(hashes=by_hash, likeness=likeness.get(id_)))
            scored.append((-score, id_, verdict.value))
        best = sorted(scored)[:LIMIT]
        return tuple(Shown(uris[id_], -minus, verdict) for minus, id_, verdict in best)

    whole = _Untrimmed(store)
    parts = {
        "pHash": hits(_hashes(phash, _plain), None, whole),
        "+ other hashes": hits(_hashes(hashes, _plain), None, whole),
        "+ borders": hits(_hashes(hashes, _straight), None),
        "+ orientations": hits(_hashes(hashes, _any_way), None),
        "+ photographs within": hits(hashes, None),
    }
    if looks is None:
        return parts
    straight = _hashes(hashes, _straight)
    with mock.patch("lookalike.copies.descriptor.background", return_value=None):
        parts |= {
            "descriptor alone": hits([], _looks(looks, _plain)),
            "with hashes, borders": hits(straight, _looks(looks, _straight)),
            "with orientations": hits(_hashes(hashes, _any_way), _looks(looks, _any_way)),
            "+ regions, sizes": hits(hashes, looks),
        }
    return parts | {"+ normalisation": hits(hashes, looks)}


def _hashes(hashes: Sequence[Hashes], wanted: Wanted) -> list[Hashes]:
    found = []
    for one in hashes:
        places = [place for place, look in enumerate(one.looks) if wanted(look)]
        found.append(
            Hashes(one.spec, one.rows[places], tuple(one.looks[place] for place in places))
        )
    return found


def _looks(looks: Looked, wanted: Wanted) -> Looked:
    """Those wanted, each once: what comes again is the same look at a smaller size."""
    first = {look: place for place, look in reversed([*enumerate(looks.looks)])}
    places = [place for look, place in first.items() if wanted(look)]
    return Looked(looks.spec, looks.rows[places], tuple(looks.looks[place] for place in places))


class _Untrimmed:
    """A store whose records have no borders."""

    def __init__(self, store: Store) -> None:
        self.vectors = store.vectors

    def trimmed(self, _encoder: str, _ids: Sequence[int]) -> dict[int, Any]:
        """None."""
        return {}


def steps(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Print recall as steps are added, and give the numbers."""
    print("## steps: recall@1 basic, hard; recall at 99 % precision")
    found = []
    for name in answers[0].parts:
        some = [Answer(one.query, one.parts[name], one.ms) for one in answers]
        found.append(row(name, some))
    found.append(row(LAST, answers))
    return found
