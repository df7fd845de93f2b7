"""Encoders side by side on pictures of the user's own."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, SupportsFloat, SupportsIndex, get_args

import numpy as np
from numpy.typing import NDArray

from lookalike.arguments import PATH, checked, encoder_names
from lookalike.encoders import registry, weights
from lookalike.encoders.base import Encoder
from lookalike.encoders.card import Tower
from lookalike.encoders.projection import Projection
from lookalike.encoders.shipped import shipped_projection
from lookalike.errors import (
    EnvironmentFailure,
    LookalikeError,
    PictureError,
    UsageError,
    WeightsError,
)
from lookalike.evaluation import datasets
from lookalike.evaluation.advice import advise
from lookalike.evaluation.cache import EmbeddingCache, default_path
from lookalike.evaluation.datasets import Dataset
from lookalike.evaluation.encode import digests, encode
from lookalike.evaluation.fuse import Fuse
from lookalike.evaluation.measure import Cost, MeasureError, measure
from lookalike.evaluation.results import MEASURES, Budget, Evaluation, Result, Unavailable
from lookalike.evaluation.score import score
from lookalike.evaluation.vectors import Vectors, as_unit, fused
from lookalike.records import EncoderSpec
from lookalike.sources.uri import to_path
from lookalike.stores.base import Progress

Projected = Literal["none", "default", "both"]
TEXTS_AT_A_TIME = 64
NO_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare.

    `fuse` are further rows, several encoders each, whose scores are averaged. `projection` says
    whether embeddings are compared as they are, through the encoder's own projection where it has
    one, or both, a row each. `precision` is the one to recommend thresholds for. `costs` says
    whether time and memory are measured.
    """

    fuse: tuple[Fuse, ...] = ()
    projection: Projected = "default"
    budget: Budget = NO_BUDGET
    precision: float = 0.95
    costs: bool = True

    def __post_init__(self) -> None:
        checked(self.budget, Budget, "a budget is a Budget")
        checked(self.precision, SupportsFloat, "a precision is a number")
        for each in checked(self.fuse, Sequence, "fuse is a tuple of Fuse"):
            checked(each, Fuse, "fuse is a tuple of Fuse")
        if self.projection not in get_args(Projected):
            raise UsageError(f"projection is one of {', '.join(get_args(Projected))}")
        if not 0 < self.precision <= 1:
            raise UsageError(
                f"a precision of {self.precision:g} cannot be wished for; it is a part of the "
                "hits, above 0 and up to 1, such as 0.95"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """One encoder's vectors of a dataset, as encoded: (n, …) of pictures, (t, …) of captions."""

    spec: EncoderSpec
    pictures: NDArray[Any]
    texts: NDArray[Any] | None = None
    projection: Projection | None = None


Embed = Callable[[str], Embedded]
"""Gives an encoder's vectors; WeightsError or UsageError when it has none."""


def evaluate(
    pictures: str | os.PathLike[str] | None,
    *,
    captions: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    encoders: str | Sequence[str] | None = None,
    limit: int | None = None,
    options: Options | None = None,
    cache: bool = True,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure encoders on labelled, captioned or paired pictures.

    Args:
        pictures: a folder with a sub-folder for each class; a table of captions (columns file,
            caption) or of pairs (a, b, same); or the folder that the names in a table given as
            `captions` or `pairs` are relative to.
        captions: a table of captions.
        pairs: a table of pairs.
        encoders: names, a list or a text with commas; by default every one whose weights are here.
        limit: at most so many pictures.
        options: how to compare.
        cache: whether to keep embeddings for the next run, and to use those of earlier ones.
        progress: called as progress(stage, done, total).

    Raises:
        NotFoundError: there is nothing at a path.
        UnknownEncoderError: there is no encoder of a name.
        UsageError: nothing can be measured on that; the message says what is missing.
        EnvironmentFailure: the cache was lost while embeddings were put into it.
    """
    for path in (pictures, captions, pairs):
        checked(path, PATH | None, "pictures and tables are named by their paths")
    checked(limit, SupportsIndex | None, "limit is a whole number")
    options = checked(options or Options(), Options, "options are Options")
    data = datasets.read(pictures, captions=captions, pairs=pairs, limit=limit)
    names = choose(encoders, data.kind)
    kept, unkept = _cache() if cache else (None, [])
    sha256, broken = digests(data.items, cache=kept, progress=progress)
    data = data.without(broken)
    sha256 = [digest for row, digest in enumerate(sha256) if row not in broken]
    data, rows_kept, notices = data.once(sha256)
    notices += unkept
    datasets.check(data)
    sha256 = [sha256[row] for row in rows_kept]

    def embed(name: str) -> Embedded:
        card = registry.card(name)
        if data.kind == "captions" and card.text is None:
            raise UsageError("it reads no words")
        encoder = registry.load(name, progress=progress)
        texts = _texts(encoder, data.captions, notices, progress) if data.captions else None
        rows = encode(encoder, data.items, sha256, cache=kept, progress=progress)
        return Embedded(encoder.spec, rows, texts, shipped_projection(name))

    return compare(data, names, embed, options, notices=notices, progress=progress)


def _cache() -> tuple[EmbeddingCache | None, list[str]]:
    """Where embeddings are kept; without that an evaluation only takes longer, which is said."""
    try:
        return EmbeddingCache(default_path()), []
    except EnvironmentFailure as error:
        return None, [f"{error}; none are kept for the next run"]


def choose(wished: str | Sequence[str] | None, kind: datasets.Kind) -> list[str]:
    """The encoders to compare, by their own names; those that need no download by default.

    Raises:
        UnknownEncoderError: there is none of a name.
    """
    if wished is not None:
        return list(dict.fromkeys(registry.card(name).name for name in encoder_names(wished)))
    found: list[str] = []
    for card in map(registry.card, registry.names()):
        towers: tuple[Tower, ...] = ("image", "text") if kind == "captions" else ("image",)
        if kind == "captions" and card.text is None:
            continue
        if card.kind == "hash" or all(weights.locate(card, tower) for tower in towers):
            found.append(card.name)
    return found


def compare(
    data: Dataset,
    names: Sequence[str],
    embed: Embed,
    options: Options,
    *,
    notices: Sequence[str] = (),
    progress: Progress | None = None,
) -> Evaluation:
    """Score encoders on a dataset, and choose one; Ctrl-C leaves out those not done yet.

    Args:
        data: without pictures that cannot be used.
        names: of the encoders; those to fuse are added.
        embed: gives an encoder's vectors.
        options: how to compare.
        notices: sentences for the user; `embed` may add to them while this runs.
        progress: called as progress(stage, done, total).
    """
    fuse = [
        replace(each, names=tuple(registry.card(name).name for name in each.names))
        for each in options.fuse
    ]
    names = list(dict.fromkeys([*names, *(name for each in fuse for name in each.names)]))
    held: dict[str, tuple[Embedded, Result]] = {}
    results: list[Result] = []
    unavailable: list[Unavailable] = []
    interrupted, wrong_use = False, True
    try:
        for done, name in enumerate(names):
            if progress:
                progress("encoders", done, len(names))
            try:
                embedded = embed(name)
            except (WeightsError, UsageError, PictureError) as error:
                wrong_use = wrong_use and isinstance(error, UsageError)
                unavailable.append(Unavailable(name, str(error)))
                continue
            rows = _rows(data, name, embedded, options)
            results += rows
            if any(name in each.names for each in fuse):
                held[name] = embedded, rows[-1]
        for together in fuse:
            lost = [name for name in together.names if name not in held]
            if lost:
                unavailable.append(Unavailable(str(together), f"{lost[0]} is not available"))
            else:
                results.append(_fused(data, together, held, options))
    except KeyboardInterrupt:
        interrupted = True
    if not results and not interrupted:
        raise _none_left(data, unavailable, wrong_use=wrong_use)
    measure_ = MEASURES[data.kind][0]
    results.sort(key=lambda result: (-result.quality[measure_].value, result.name))
    return Evaluation(
        kind=data.kind,
        pictures=len(data.items),
        queries=results[0].scores.queries if results else 0,
        classes=len(data.classes),
        precision=options.precision,
        results=tuple(results),
        advice=advise(results, measure_, options.budget),
        left_out=data.left_out,
        unavailable=tuple(unavailable),
        notices=tuple(dict.fromkeys(notices)),
        interrupted=interrupted,
    )


def _none_left(
    data: Dataset, unavailable: Sequence[Unavailable], *, wrong_use: bool
) -> LookalikeError:
    if not unavailable:
        what = "with a text tower here" if data.kind == "captions" else "whose weights are here"
        return UsageError(
            f"there is no encoder {what}; name some with --encoder, or `--encoder all`, and "
            "their weights are fetched"
        )
    reasons = "\n".join(f"{each.name}: {each.reason}" for each in unavailable)
    if wrong_use:
        return UsageError("none of the encoders can take part: " + reasons.replace("\n", "; "))
    return WeightsError(f"none of the encoders can be had:\n{reasons}")


def _texts(
    encoder: Encoder, captions: Sequence[str], notices: list[str], progress: Progress | None
) -> NDArray[Any]:
    rows: list[NDArray[Any]] = []
    cut: list[str] = []
    for start in range(0, len(captions), TEXTS_AT_A_TIME):
        rows.append(encoder.encode_texts(captions[start : start + TEXTS_AT_A_TIME], cut.append))
        if progress:
            done = min(start + TEXTS_AT_A_TIME, len(captions))
            progress(f"reading captions by {encoder.spec.name}", done, len(captions))
    if cut:
        notices.append(f"{encoder.spec.name}: {len(cut)} captions were too long and cut: {cut[0]}")
    return np.concatenate(rows)


def _rows(data: Dataset, name: str, embedded: Embedded, options: Options) -> list[Result]:
    """The encoder's row, or rows: raw, projected."""
    cost, note = _cost(data, name) if options.costs else (None, "not asked for")
    rows: list[Result] = []
    for projected in (False, True):
        has = embedded.projection is not None
        wanted = {"none": not projected, "default": projected == has, "both": has or not projected}
        if wanted[options.projection]:
            spec = embedded.spec
            pictures, texts = unit_vectors(embedded, projected)
            size = pictures.shape[1]
            rows.append(
                _result(
                    data,
                    f"{name}, projected" if projected else name,
                    (name,),
                    pictures,
                    texts,
                    options,
                    projected=projected,
                    vector_bytes=size // 8 if spec.kind == "hash" else 2 * size,
                    download=_download(name, data.kind),
                    cost=cost,
                    cost_note=note,
                )
            )
    return rows


def _fused(
    data: Dataset, fuse: Fuse, held: Mapping[str, tuple[Embedded, Result]], options: Options
) -> Result:
    parts = [held[name] for name in fuse.names]
    vectors = [unit_vectors(embedded, result.projected) for embedded, result in parts]
    texts = [texts for _, texts in vectors if texts is not None]
    costs = [result.cost for _, result in parts if result.cost is not None]
    whole = len(costs) == len(parts)
    cost = Cost(
        single_ms=sum(cost.single_ms for cost in costs),
        batch_ms=sum(cost.batch_ms for cost in costs),
        load_ms=sum(cost.load_ms for cost in costs),
        memory=sum(cost.memory for cost in costs),
    )
    return _result(
        data,
        str(fuse),
        fuse.names,
        fused([pictures for pictures, _ in vectors], fuse.weights),
        fused(texts, fuse.weights) if texts else None,
        options,
        projected=any(result.projected for _, result in parts),
        vector_bytes=sum(result.vector_bytes for _, result in parts),
        download=sum(result.download for _, result in parts),
        cost=cost if whole else None,
        cost_note="" if whole else "one of them was not measured",
    )


def _result(
    data: Dataset,
    name: str,
    encoders: tuple[str, ...],
    pictures: Vectors,
    texts: Vectors | None,
    options: Options,
    **facts: Any,
) -> Result:
    scored = score(data, pictures, texts)
    return Result(
        name=name,
        encoders=encoders,
        size=pictures.shape[1],
        quality=scored.quality,
        curve=tuple(scored.curve.tolist()),
        scores=scored.scores,
        thresholds=scored.scores.table(),
        recommended=scored.scores.smallest(options.precision),
        **facts,
    )


def unit_vectors(embedded: Embedded, projected: bool) -> tuple[Vectors, Vectors | None]:
    """Pictures and captions as unit vectors to be compared, through the projection or not."""
    pictures, texts = as_unit(embedded.pictures), embedded.texts
    texts = None if texts is None else as_unit(texts)
    through = embedded.projection
    if through is None or not projected:
        return pictures, texts
    return through.project(pictures), None if texts is None else through.project_text(texts)


def _cost(data: Dataset, name: str) -> tuple[Cost | None, str]:
    paths = [path for item in data.items if (path := to_path(item.uri)) and path.is_file()]
    if not paths:
        return None, "the pictures are not files here"
    try:
        return measure(name, paths), ""
    except MeasureError as error:
        return None, str(error)


def _download(name: str, kind: datasets.Kind) -> int:
    card = registry.card(name)
    towers = card.towers if kind == "captions" else card.towers[:1]
    return sum(file.bytes for tower in towers for file in card.files(tower))
