"""Find the original of an edited picture: how often, how surely, and what each step gives.

    python benchmarks/originals.py ORIGINALS LABELLED CAPTIONS [--pictures 100]
        [--edits basic|hard|all] [--seed 1] [--crowd] [--quick-check] [--peer] [--steps]
        [--encoders sscd-distilled,phash,pdq] [--jobs 2] [--timed 30] [--out FILE.json]

The crowd is ORIGINALS and LABELLED, nine of ten of each class (--crowd: and three of four of
CAPTIONS). Some ORIGINALS are edited in every way of lookalike.evaluation.edits; an original is
found when it is the first hit. The tenth left out of each class is edited, too, and asked for in
vain among pictures of its own kind. The fourth of CAPTIONS that is in no crowd is what edits mix
in. Recall at 99 % precision counts every hit of every answer, by score, against the queries
that have an original; the precision of copies counts every hit called `identical` or `copy`.

--steps prints what each step gives, from the evidence of the same queries; --peer compares pHash,
PDQ and SSCD alone (the nearest whole picture) on the same queries. --quick-check is a few pictures
of each, to see that all of it runs. --jobs asks from so many processes, each on one processor of
its own; times of whole queries are then those of --timed of them, asked again from one process on
all processors. Times mean something only on a machine that does nothing else.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import copy_steps
import numpy as np
from copy_answers import Answer, Shown, report, times
from copy_queries import EDITS, Pictures, Query, pictures

import lookalike
from lookalike.collection import Collection
from lookalike.encoders import registry

HASHES = "phash,pdq"
PEERS = ("phash", "pdq", "sscd-distilled")
LIMIT = 10


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
        answers = _shared("hashes only", chosen.queries, hashes, options, watched=False)
        results["hashes"] = report(f"hashes only ({HASHES})", answers, options.edits)
        answers = _shared("all steps", chosen.queries, full, options, watched=options.steps)
        results["all"] = report(f"all steps ({options.encoders})", answers, options.edits)
        if options.jobs > 1:
            some = chosen.queries[:: max(1, len(chosen.queries) // options.timed)]
            quick = _ask_all("quick mode", some, _copies(full, effort="quick"))
            timed = _ask_all("timed", some, _copies(full))
            for title, asked in (("quick mode", quick), ("whole queries", timed)):
                milliseconds = [answer.ms for answer in asked]
                middle, high = map(float, np.quantile(milliseconds, (0.5, 0.95)))
                results[f"{title} ms"] = [middle, high]
                print(f"{title}: p50 {middle:.0f} ms, p95 {high:.0f} ms")
        results["times"] = times(timed if options.jobs > 1 else answers)
        if options.steps:
            results["steps"] = copy_steps.steps(answers)
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
    parser.add_argument("--encoders", default="sscd-distilled,phash,pdq")
    parser.add_argument("--steps", action="store_true", help="what each step gives")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--timed", type=int, default=30, metavar="N", help="with --jobs")
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


def _ask_all(
    title: str, queries: Sequence[Query], ask: Ask, watch: copy_steps.Watch | None = None
) -> list[Answer]:
    answers: list[Answer] = []
    ask(queries[0].data)  # load what is loaded once
    begun = said = time.monotonic()
    for query in queries:
        data = query.data
        started = time.perf_counter()
        hits, steps = ask(data)
        ms = (time.perf_counter() - started) * 1e3
        parts = {} if watch is None else watch.parts
        answers.append(Answer(query, tuple(hits), ms, steps, parts))
        if time.monotonic() - said > 30:
            said = time.monotonic()
            left = (said - begun) / len(answers) * (len(queries) - len(answers))
            _say(f"{title}: {len(answers)} of {len(queries)}, {left:.0f} s left")
    return answers


def _shared(
    title: str,
    queries: Sequence[Query],
    collection: Collection,
    options: argparse.Namespace,
    *,
    watched: bool,
) -> list[Answer]:
    """Ask from several processes, where that is wished."""
    if options.jobs < 2:
        watch = copy_steps.Watch()
        with watch.watching() if watched else contextlib.nullcontext():
            return _ask_all(title, queries, _copies(collection), watch)
    context = multiprocessing.get_context("spawn")
    processors = context.Queue()
    for job in range(options.jobs):
        processors.put(sorted(os.sched_getaffinity(0))[job % len(os.sched_getaffinity(0))])
    answers: list[Answer] = []
    begun = said = time.monotonic()
    with ProcessPoolExecutor(
        options.jobs, context, initializer=_begin, initargs=(collection.path, processors, watched)
    ) as pool:
        for answer in pool.map(_answer, queries, chunksize=4):
            answers.append(answer)
            if time.monotonic() - said > 30:
                said = time.monotonic()
                left = (said - begun) / len(answers) * (len(queries) - len(answers))
                _say(f"{title}: {len(answers)} of {len(queries)}, {left:.0f} s left")
    return answers


def _begin(path: Path, processors: "multiprocessing.Queue[int]", watched: bool) -> None:
    os.sched_setaffinity(0, {processors.get()})
    if watched:
        _open.enter_context(_watch.watching())
    _job.append(_copies(lookalike.open(path, read_only=True)))


def _answer(query: Query) -> Answer:
    data = query.data
    started = time.perf_counter()
    hits, steps = _job[0](data)
    return Answer(query, tuple(hits), (time.perf_counter() - started) * 1e3, steps, _watch.parts)


_job: list[Ask] = []
_watch = copy_steps.Watch()
_open = contextlib.ExitStack()
"""What one process of several asks, and what it takes down as long as it runs."""


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
