"""What benchmarks/originals.py was answered: how much of it is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from copy_queries import EDITS, Query

from lookalike.evaluation.edits import BASIC
from lookalike.records import Verdict
from lookalike.sources.uri import from_path

PRECISION = 0.99
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
    parts: Mapping[str, tuple[Shown, ...]] = field(default_factory=dict)
    """What would be found with steps left out."""

    @property
    def own(self) -> str | None:
        """The uri of the original."""
        return None if self.query.original is None else from_path(self.query.original)

    @property
    def found(self) -> bool:
        """Whether the original is the first hit."""
        return bool(self.hits) and self.hits[0].uri == self.own


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


def row(title: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """Print a line of the table of steps, and give its numbers."""
    asked = [answer for answer in answers if answer.own]
    basic = [answer.found for answer in asked if answer.query.edit in BASIC]
    hard = [answer.found for answer in asked if answer.query.edit not in BASIC]
    found = {
        "step": title,
        "basic": float(np.mean(basic)) if basic else None,
        "hard": float(np.mean(hard)) if hard else None,
        "recall at 99 % precision": recall_at(answers, PRECISION),
    }
    numbers = [value for key, value in found.items() if key != "step"]
    values = ["       -" if value is None else f"{value:8.3f}" for value in numbers]
    print(f"  {title:<28}" + "".join(values), flush=True)
    return found


def _short(uri: str) -> str:
    return "/".join(uri.split("/")[-2:])
