"""Find the original of an edited picture: how often, how surely, and what each step gives.

    python benchmarks/originals.py ORIGINALS LABELLED CAPTIONS [--pictures 100]
        [--edits basic|hard|all] [--seed 1] [--crowd] [--quick-check] [--peer] [--steps 10]
        [--encoders sscd-disc-mixup,phash,pdq] [--out FILE.json]

The crowd is ORIGINALS and LABELLED, nine of ten of each class (--crowd: and three of four of
CAPTIONS). Some ORIGINALS are edited in every way of lookalike.evaluation.edits; an original is
found when it is the first hit. The tenth left out of each class is edited, too, and asked for in
vain among pictures of its own kind. The fourth of CAPTIONS that is in no crowd is what edits mix
in. Recall at 99 % precision counts every hit of every answer, by score, against the queries
that have an original; the precision of copies counts every hit called `identical` or `copy`.

--steps asks some of the originals' copies again with steps left out; --peer compares pHash, PDQ
and SSCD alone (the nearest whole picture) on the same queries. --quick-check is a few pictures
of each, to see that all of it runs. Times mean something only on a machine that does nothing
else.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from copy_queries import EDITS, Pictures, Query, pictures

import lookalike
from lookalike.collection import Collection
from lookalike.encoders import registry
from lookalike.evaluation.edits import BASIC
from lookalike.records import Verdict
from lookalike.sources.uri import from_path

PRECISION = 0.99
HASHES = "phash,pdq"
PEERS = ("phash", "pdq", "sscd-disc-mixup")
LIMIT = 10
SHOWN = 12
"""Wrong copies, and originals not found, that are named."""


@dataclass(frozen=True)
class Shown:
    """A hit: its place as a file, its score, what it was called."""

    uri: str
    score: float
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a query."""

    query: Query
    hits: tuple[Shown, ...]
    ms: float
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def own(self) -> str | None:
        """The uri of the original."""
        return None if self.query.original is None else from_path(self.query.original)

    @property
    def found(self) -> bool:
        """Whether the original is the first hit."""
        return bool(self.hits) and self.hits[0].uri == self.own


Ask = Callable[[bytes], tuple[Sequence[Shown], dict[str, float]]]


def main() -> None:
    """Index, ask, print."""
    options = _options()
    count = 4 if options.quick_check else options.pictures
    chosen = pictures(
        options.originals, options.labelled, options.captions, count=count,
        edits=options.edits, seed=options.seed, crowded=options.crowd,
    )  # fmt: skip
    if options.quick_check:
        keep = {q.path for q in chosen.queries}
        crowd = (*chosen.crowd[::8], *(p for p in chosen.crowd if p in keep))
        chosen = Pictures(tuple(dict.fromkeys(crowd)), chosen.queries[:: len(chosen.queries) // 40])
    known = [query for query in chosen.queries if query.original]
    print(
        f"{len(chosen.crowd)} pictures; {len(known)} queries of {len({q.path for q in known})} "
        f"originals, {len(chosen.queries) - len(known)} whose original is not there\n"
    )
    results: dict[str, Any] = {"pictures": len(chosen.crowd), "queries": len(chosen.queries)}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        full = stack.enter_context(_indexed(folder / "full", options.encoders, chosen.crowd))
        hashes = stack.enter_context(_indexed(folder / "hashes", HASHES, chosen.crowd))
        if options.peer:
            for name in PEERS:
                title = f"{registry.card(name).title} alone"
                answers = _ask_all(title, chosen.queries, _peer(name, chosen.crowd))
                results[f"peer {name}"] = report(title, answers, options.edits)
        answers = _ask_all("hashes only", chosen.queries, _copies(hashes))
        results["hashes"] = report(f"hashes only ({HASHES})", answers, options.edits)
        answers = _ask_all("all steps", chosen.queries, _copies(full))
        results["all"] = report(f"all steps ({options.encoders})", answers, options.edits)
        results["times"] = times(answers)
        if options.steps and not options.quick_check:
            results["steps"] = _steps(full, hashes, answers, options.steps)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("originals", type=Path)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--pictures", type=int, default=100, metavar="N")
    parser.add_argument("--edits", choices=EDITS, default="all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crowd", action="store_true", help="CAPTIONS in the crowd, too")
    parser.add_argument("--encoders", default="sscd-disc-mixup,phash,pdq")
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="originals; 0 for none")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--quick-check", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE")
    return parser.parse_args()


@contextlib.contextmanager
def _indexed(path: Path, encoders: str, crowd: Sequence[Path]) -> Iterator[Collection]:
    started = time.perf_counter()
    with lookalike.open(path, encoder=encoders) as collection:
        report = collection.add(list(crowd))
        assert not report.failed, report.failed
        seconds = time.perf_counter() - started
        _say(f"indexed {len(collection)} pictures by {encoders} in {seconds:.0f} s")
        yield collection


def _copies(collection: Collection, **options: Any) -> Ask:
    def ask(data: bytes) -> tuple[Sequence[Shown], dict[str, float]]:
        found = collection.copies(data, limit=LIMIT, **options)
        hits = [Shown(h.uri, h.score, h.verdict.value, h.reason) for h in found]
        return hits, dict(found.took_ms.steps)

    return ask


def _peer(name: str, crowd: Sequence[Path]) -> Ask:
    """The nearest whole pictures by one encoder; equal hashes in the order of the crowd."""
    from lookalike.evaluation.cache import EmbeddingCache, default_path
    from lookalike.evaluation.datasets import file_item
    from lookalike.evaluation.encode import digests, encode
    from lookalike.evaluation.vectors import as_unit
    from lookalike.imaging import decode

    encoder, cache = registry.load(name), EmbeddingCache(default_path())
    items = [file_item(path) for path in crowd]
    sha256, _ = digests(items, cache=cache)
    vectors = as_unit(encode(encoder, items, sha256, cache=cache))

    def ask(data: bytes) -> tuple[Sequence[Shown], dict[str, float]]:
        image = decode(data, min_side=encoder.min_side).image
        cosines = vectors @ as_unit(encoder.encode_images([image]))[0]
        best = np.argsort(-cosines, kind="stable")[:LIMIT]
        return [Shown(items[row].uri, float(cosines[row]), "") for row in best], {}

    return ask


def _ask_all(title: str, queries: Sequence[Query], ask: Ask) -> list[Answer]:
    answers: list[Answer] = []
    ask(queries[0].data)  # load what is loaded once
    begun = said = time.monotonic()
    for query in queries:
        data = query.data
        started = time.perf_counter()
        hits, steps = ask(data)
        answers.append(Answer(query, tuple(hits), (time.perf_counter() - started) * 1e3, steps))
        if time.monotonic() - said > 30:
            said = time.monotonic()
            left = (said - begun) / len(answers) * (len(queries) - len(answers))
            _say(f"{title}: {len(answers)} of {len(queries)}, {left:.0f} s left")
    return answers


def report(title: str, answers: Sequence[Answer], edits: str) -> dict[str, Any]:
    """Print what was found, and give the numbers."""
    found: dict[str, Any] = {"per edit": {}}
    asked = [answer for answer in answers if answer.own]
    for name in EDITS[edits]:
        some = [answer.found for answer in asked if answer.query.edit == name]
        if some:
            found["per edit"][name] = float(np.mean(some))
    for kind, names in (("basic", set(BASIC)), ("hard", set(EDITS["hard"]))):
        some = [answer.found for answer in asked if answer.query.edit in names]
        if some:
            found[f"{kind} recall@1"] = float(np.mean(some))
    found["recall at 99 % precision"] = recall_at(answers, PRECISION)
    called = [
        (hit.uri == answer.own, answer, hit)
        for answer in answers
        for hit in answer.hits
        if hit.verdict in {Verdict.COPY, Verdict.IDENTICAL}
    ]
    if called:
        right = sum(true for true, _, _ in called)
        found["copies called"], found["copies wrong"] = len(called), len(called) - right
        found["precision of copies"] = right / len(called)
        found["recall of copies"] = right / max(1, len(asked))
    milliseconds = [answer.ms for answer in answers]
    found["p50 ms"] = float(np.median(milliseconds))
    found["p95 ms"] = float(np.quantile(milliseconds, 0.95))
    print(f"## {title}")
    for key, value in found.items():
        if key != "per edit":
            print(
                f"  {key:<26} {value:,.4f}"
                if isinstance(value, float)
                else f"  {key:<26} {value:,}"
            )
    parts = [f"{name} {value:.2f}" for name, value in found["per edit"].items()]
    for start in range(0, len(parts), 6):
        print("    " + ", ".join(parts[start : start + 6]))
    wrong = [(answer, hit) for true, answer, hit in called if not true]
    for answer, hit in wrong[:SHOWN]:
        print(f"  WRONG {hit.score:.3f} {answer.query.name} -> {_short(hit.uri)}: {hit.reason}")
    found["wrong"] = [[answer.query.name, hit.uri, hit.score, hit.reason] for answer, hit in wrong]
    lost = [answer for answer in asked if not answer.found]
    found["lost"] = [answer.query.name for answer in lost]
    if called:
        for answer in lost[:SHOWN]:
            best = answer.hits[0] if answer.hits else Shown("nothing", 0.0, "")
            print(f"  LOST {answer.query.name}: {best.score:.3f} {_short(best.uri)}")
    print(flush=True)
    return found


def recall_at(answers: Sequence[Answer], precision: float) -> float:
    """The part of the originals found where all hits of all answers are cut at one score.

    The lowest score is taken above which that part of the hits is right.
    """
    scored = [(hit.score, hit.uri == answer.own) for answer in answers for hit in answer.hits]
    if not scored:
        return 0.0
    order = sorted(scored, key=lambda one: -one[0])
    scores, right = np.array([s for s, _ in order]), np.cumsum([r for _, r in order])
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    enough = [right[end] for end in ends if right[end] >= precision * (end + 1)]
    return float(max(enough, default=0) / max(1, sum(answer.own is not None for answer in answers)))


def times(answers: Sequence[Answer]) -> dict[str, float]:
    """Print the median milliseconds of each step of whole queries."""
    names = list(dict.fromkeys(name for answer in answers for name in answer.steps))
    medians = {n: float(np.median([a.steps.get(n, 0.0) for a in answers])) for n in names}
    means = {n: float(np.mean([a.steps.get(n, 0.0) for a in answers])) for n in names}
    print("## milliseconds a step (median, mean)")
    for name in names:
        print(f"  {name:<26} {medians[name]:8.1f} {means[name]:8.1f}")
    print(flush=True)
    return medians


def _steps(
    full: Collection, hashes: Collection, answers: Sequence[Answer], count: int
) -> list[dict[str, Any]]:
    """Recall as steps are added, and the milliseconds of a query up to there."""
    chosen = list(dict.fromkeys(a.query.path for a in answers if a.own))
    vain = list(dict.fromkeys(a.query.path for a in answers if not a.own))
    kept = {*chosen[:count], *vain[: max(1, len(vain) * count // len(chosen))]}
    whole = [answer for answer in answers if answer.query.path in kept]
    some = [answer.query for answer in whole]
    print(f"## steps, {min(count, len(chosen))} originals: recall@1 basic, hard; at 99 %; p50 ms")
    crowd = [*_paths(full)]
    descriptor = _peer("sscd-disc-mixup", crowd)
    turned = {"effort": "quick", "orientations": True}
    rows = [
        _row("pHash", _ask_all("pHash", some, _peer("phash", crowd))),
        _row("hashes, + borders", _ask_all("borders", some, _copies(hashes, effort="quick"))),
        _row("+ orientations", _ask_all("orientations", some, _copies(hashes, **turned))),
        _row("descriptor alone", _ask_all("descriptor", some, descriptor)),
        _row("with hashes (quick mode)", _ask_all("quick", some, _copies(full, effort="quick"))),
        _row("+ orientations", _ask_all("orientations", some, _copies(full, **turned))),
    ]
    unproved = _copies(full, proof=False)
    with _remembered(registry.load("sscd-disc-mixup")):
        normalised = _ask_all("regions", some, unproved)
        with mock.patch("lookalike.copies.descriptor.background", return_value=None):
            raw = _ask_all("without normalisation", some, unproved)
    # Its embeddings were there already; to normalise them takes no time worth a number.
    raw = [replace(answer, ms=timed.ms) for answer, timed in zip(raw, normalised, strict=True)]
    return [
        *rows,
        _row("+ regions, inverted", raw),
        _row("+ normalisation", normalised),
        _row("+ proof", whole),
    ]


@contextlib.contextmanager
def _remembered(encoder: Any) -> Iterator[None]:
    """Encode nothing twice."""
    known: dict[int, Any] = {}
    encode = encoder.encode_prepared

    def remember(batch: Sequence[Any]) -> Any:
        keys = [hash(pixels.tobytes()) for pixels in batch]
        new = {key: pixels for key, pixels in zip(keys, batch, strict=True) if key not in known}
        if new:
            known.update(zip(new, encode([*new.values()]), strict=True))
        return np.stack([known[key] for key in keys])

    with mock.patch.object(encoder, "encode_prepared", remember):
        yield


def _row(title: str, answers: Sequence[Answer]) -> dict[str, Any]:
    asked = [answer for answer in answers if answer.own]
    basic = [answer.found for answer in asked if answer.query.edit in BASIC]
    hard = [answer.found for answer in asked if answer.query.edit not in BASIC]
    row = {
        "step": title,
        "basic": float(np.mean(basic)) if basic else None,
        "hard": float(np.mean(hard)) if hard else None,
        "recall at 99 % precision": recall_at(answers, PRECISION),
        "p50 ms": float(np.median([answer.ms for answer in answers])),
    }
    numbers = [value for key, value in row.items() if key != "step"]
    values = ["       -" if value is None else f"{value:8.3f}" for value in numbers]
    print(f"  {title:<28}" + "".join(values), flush=True)
    return row


def _paths(collection: Collection) -> Iterator[Path]:
    from lookalike.sources.uri import to_path

    return (path for record in collection.list() if (path := to_path(record.uri)))


def _short(uri: str) -> str:
    return "/".join(uri.split("/")[-2:])


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
