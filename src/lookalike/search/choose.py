"""Which of a collection's encoders answer a query, and how much each of them counts."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.arguments import checked, record_ids
from lookalike.encoders import registry
from lookalike.encoders.matching import why_not
from lookalike.errors import UnknownEncoderError, UsageError
from lookalike.records import EncoderSpec
from lookalike.search.terms import Term, array
from lookalike.stores.base import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

Wish = str | Sequence[str] | None
"""Encoders by name: one, a list, or a text with commas; `NAME:2` counts twice as much."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The encoders that answer, the weight > 0 of each, and what the user should know of it."""

    specs: tuple[EncoderSpec, ...]
    weights: tuple[float, ...]
    notices: tuple[str, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights, scaled to add up to 1."""
        largest = max(self.weights)
        total = sum(weight / largest for weight in self.weights)
        return tuple(weight / largest / total for weight in self.weights)

    def __str__(self) -> str:
        """As they can be asked for again."""
        if len(set(self.weights)) == 1:
            return ",".join(spec.name for spec in self.specs)
        pairs = zip(self.specs, self.weights, strict=True)
        return ",".join(f"{spec.name}:{weight:g}" for spec, weight in pairs)


def choose_encoders(store: Store, terms: Sequence[Term], wished: Wish = None) -> Choice:
    """The encoders that answer: those wished for, else the best that understands every term.

    Words need a text tower, pictures a model that can be run, an id a stored vector, a vector an
    encoder of its size. Of several that were not named, embeddings before hashes, one that has a
    vector of every record before one that is still being filled, then what was measured best.
    Of several that were named, those that cannot answer are left out.

    Raises:
        UsageError: none can answer, or a weight is wrong.
        UnknownEncoderError: the collection has none of that name.
    """
    specs = store.encoders()
    if not specs:
        raise UsageError(
            "the collection is empty: add pictures first, for example `lookalike index FOLDER`"
        )
    named = _named(specs, wished)
    if len(named) == 1:
        return Choice(tuple(named), (1.0,))
    if named:
        return _that_can_answer(store, terms, named)
    candidates = _that_understand_all(list(specs), terms, store)
    candidates = [s for s in candidates if s.kind == "embedding"] or candidates
    return Choice((_best(store, candidates),), (1.0,))


def _best(store: Store, candidates: Sequence[EncoderSpec]) -> EncoderSpec:
    if len(candidates) == 1:
        return candidates[0]

    def rank(spec: EncoderSpec) -> tuple[bool, float]:
        complete = not store.missing(spec.name, limit=1, files_only=True)
        return complete, _quality(spec.name)

    return max(candidates, key=rank)


def _that_can_answer(
    store: Store, terms: Sequence[Term], named: dict[EncoderSpec, float]
) -> Choice:
    able = _that_understand_all(list(named), terms, store)
    if len(terms) > 1:
        able = [spec for spec in able if spec.kind == "embedding"]
        if not able:
            raise UsageError("hashes cannot be added up: search them with one picture")
    notices = tuple(
        f"{spec.name} cannot answer this query and was left out"
        for spec in named
        if spec not in able
    )
    return Choice(tuple(able), tuple(named[spec] for spec in able), notices)


def _named(specs: Sequence[EncoderSpec], wished: Wish) -> dict[EncoderSpec, float]:
    """The encoders that were wished for with their weights."""
    if wished is None:
        return {}
    named: dict[EncoderSpec, float] = {}
    for name, weight in weighed(wished, {spec.name for spec in specs}):
        spec = find(specs, name)
        if spec in named:
            raise UsageError(f"the encoder {name!r} is named twice: give it a weight instead")
        named[spec] = weight
    if not named:
        raise UsageError("name at least one encoder, or leave the choice to lookalike")
    return named


def weighed(wished: str | Sequence[str], known: Collection[str] = ()) -> list[tuple[str, float]]:
    """Names and weights of `a:2,b`, or of a list; a name in `known` may hold such marks itself.

    Raises:
        UsageError: a name is missing, or a weight is no number above 0.
    """
    if isinstance(wished, str):
        wished = [wished] if wished in known else wished.split(",")
    if not (isinstance(wished, Sequence) and all(isinstance(wish, str) for wish in wished)):
        raise UsageError(f"encoder is a name or a list of names, got {wished!r}")
    return [_weighed(wish.strip(), known) for wish in wished]


def _weighed(wish: str, known: Collection[str]) -> tuple[str, float]:
    name, colon, text = wish.rpartition(":")
    if not colon or wish in known:
        name, text = wish, "1"
    if not name:
        raise UsageError(
            "an encoder's name is missing: write NAME or NAME:WEIGHT, several with commas between"
        )
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise UsageError(f"the weight of {name!r} must be a number above 0, got {text!r}")
    return name, weight


def find(specs: Sequence[EncoderSpec], name: str) -> EncoderSpec:
    """The encoder of a collection that has this name, or of whose model it is an alias.

    Raises:
        UnknownEncoderError: there is none; names those there are.
    """
    checked(name, str, "an encoder is named by a text")
    known = {spec.name: spec for spec in specs}
    found = known.get(name) or known.get(registry.own_name(name))
    if found is None:
        hint = registry.did_you_mean(name, list(known))
        hint = hint or f" `lookalike index --encoder {name} PATH` adds one"
        raise UnknownEncoderError(
            f"the collection has no encoder {name!r}; it has {_names(specs) or 'none yet'}.{hint}"
        )
    return found


def _that_understand_all(
    specs: list[EncoderSpec], terms: Sequence[Term], store: Store
) -> list[EncoderSpec]:
    for term in terms:
        specs = _that_understand(specs, term, store)
    return specs


def _that_understand(specs: list[EncoderSpec], term: Term, store: Store) -> list[EncoderSpec]:
    """Those of the encoders that can turn a term into a vector; UsageError when none can."""
    match term.kind:
        case "vector":
            vector = array(term.value)
            found = [s for s in specs if _takes(s, vector)]
            why = "" if found else f"the query vector is {vector.dtype} of {vector.shape}"
        case "text":
            found = [s for s in specs if reads_words(s.name)]
            why = (
                "words need an encoder with a text tower (`lookalike index --encoder "
                "clip-vit-b-16 PATH` adds one without asking for anything else again)"
            )
        case "image":
            found = [s for s in specs if s.name in registry.names()]
            why = "a picture needs a model: " + "; ".join(map(why_not, specs))
        case "id":
            # Which vectors the record has matters only where there is a choice.
            ids = record_ids([term.value])
            found = specs
            if len(specs) > 1:
                found = [s for s in specs if store.compared(s.name, ids)] or specs
            why = ""
    if not found:
        raise UsageError(f"{why}, and the collection has {_names(specs)}")
    return found


def length(spec: EncoderSpec) -> int:
    """Components of an embedding, or bytes of a hash."""
    return spec.size if spec.kind == "embedding" else spec.size // 8


def reads_words(name: str) -> bool:
    """Whether the encoder of that name has a text tower, here or to be had."""
    return name in registry.names() and registry.card(name).text is not None


def _names(specs: Sequence[EncoderSpec]) -> str:
    unit = {"embedding": "components", "hash": "bits"}
    return ", ".join(f"{s.name} ({s.size} {unit[s.kind]})" for s in specs)


def _takes(spec: EncoderSpec, vector: "NDArray[Any]") -> bool:
    is_hash = spec.kind == "hash"
    return vector.shape == (length(spec),) and is_hash == (vector.dtype == np.uint8)


def _quality(name: str) -> float:
    """What was measured of the thing it is for: look-alikes, or edited copies for a hash."""
    if name not in registry.names():
        return 0.0
    card = registry.card(name)
    measured = "copy_recall" if card.kind == "hash" else "labelled_map"
    return card.quality.get(measured, 0.0)
