"""The query language: what stands after `lookalike search`, as terms with weights.

    query    = [sign] part { sign part | part }
    sign     = "+" | "-"                       a token of its own
    part     = [weight] { "--text" | "--image" | "--id" } operand
    weight   = a number                        only after a sign
    operand  = a picture: an existing file, its file:/// URI or an http(s) URL
             | words: tokens that follow one another are one phrase

A part that follows without a sign is added with weight 1.
"""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import punctuation
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from lookalike.errors import UsageError
from lookalike.sources.uri import is_url, to_path

if TYPE_CHECKING:
    from lookalike.search import Term

Kind = Literal["image", "text", "id"]

KINDS: tuple[Kind, ...] = ("image", "text", "id")

_FILE = "file:///"
"""How lookalike itself writes a path that is no text."""

_MARK = "\0"
"""Starts a token that stands for an option; no argument of a process can hold this byte."""


def mark_kinds(arguments: Sequence[str]) -> list[str]:
    """Keep the place of `--image`, `--text` and `--id` among the operands.

    An option parser forgets where an option stood; here the place says which operand it forces.
    `--id=7` is the same as `--id 7`. Nothing after `--` is an option.
    """
    marked: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*marked, *arguments[position:]]
        name, equals, value = argument.partition("=")
        if name.startswith("--") and name[2:] in KINDS:
            marked.append(_MARK + name[2:])
            if equals:
                marked.append(value)
        else:
            marked.append(argument)
    return marked


def parse(tokens: Sequence[str], stdin: bytes | None = None) -> "list[Term]":
    """Turn the query's tokens into terms.

    Args:
        tokens: what stands on the command line, through `mark_kinds`.
        stdin: a picture that was piped in; it becomes the first term.

    Raises:
        UsageError: the query cannot be understood, or names a file that is not there.
    """
    from lookalike.search import Term

    tokens, everywhere = _force_everywhere(list(tokens))
    terms = [] if stdin is None else [Term("image", stdin)]
    for part in _parts(tokens):
        weight = part.weight if part.sign == "+" else -part.weight
        for kind, value in _operands(part.tokens, everywhere):
            terms.append(Term(kind, value, weight))
            weight = 1.0
        if not part.tokens:
            raise UsageError(f"nothing follows the {part.sign!r} in the query")
    if not terms:
        raise UsageError(
            "what shall be searched for? Give a picture or words, such as "
            '`lookalike search cat.jpg` or `lookalike search "a cat at night"`'
        )
    if all(term.weight < 0 for term in terms):
        raise UsageError("the query only takes away; give at least one thing to search for")
    return terms


def folders(tokens: Sequence[str], terms: "Sequence[Term]") -> list[str]:
    """Words that nothing forced to be words, and that name a folder, too."""
    if any(map(_forced, tokens)):
        return []
    words = [term.value for term in terms if term.kind == "text"]
    return [phrase for phrase in words if os.path.isdir(os.path.expanduser(phrase))]


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two signs."""

    sign: Literal["+", "-"]
    weight: float
    tokens: list[str]


def _force_everywhere(tokens: list[str]) -> tuple[list[str], Kind | None]:
    """An option behind all operands is for each of them: `lookalike search 7 --id`."""
    if len(tokens) < 2 or (kind := _forced(tokens[-1])) is None:
        return tokens, None
    if any(_forced(token) for token in tokens[:-1]):
        raise UsageError(
            f"--{kind} at the end is for every operand, and another one has its own; "
            f"put --{kind} before the operand that it is for"
        )
    return tokens[:-1], kind


def _forced(token: str) -> Kind | None:
    for kind in KINDS:
        if token == _MARK + kind:
            return kind
    return None


def _parts(tokens: list[str]) -> Iterator[_Part]:
    starts = [n for n, token in enumerate(tokens) if token in {"+", "-"}]
    first = starts[0] if starts else len(tokens)
    if first:
        yield _Part("+", 1.0, tokens[:first])
    for start, end in pairwise([*starts, len(tokens)]):
        inner = tokens[start + 1 : end]
        weight = _number(inner[0]) if len(inner) > 1 else None
        if weight is not None:
            if weight == 0:
                raise UsageError(f"the weight of {inner[1]!r} is 0; leave the operand out instead")
            inner = inner[1:]
        yield _Part("-" if tokens[start] == "-" else "+", weight or 1.0, inner)


def _number(token: str) -> float | None:
    try:
        number = float(token)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _operands(tokens: list[str], everywhere: Kind | None) -> Iterator[tuple[Kind, Any]]:
    """The operands of one part: pictures and ids one token each, words a run of tokens."""
    words: list[str] = []
    force = everywhere
    for position, token in enumerate(tokens):
        if kind := _forced(token):
            if position + 1 == len(tokens) or _forced(tokens[position + 1]):
                raise UsageError(f"--{kind} needs an operand behind it")
            yield from _phrase(words)
            words, force = [], kind
            continue
        kind = force or _recognise(token, alone=len(tokens) == 1)
        if kind == "text":
            words.append(token)
            continue
        yield from _phrase(words)
        words, force = [], everywhere
        yield kind, _id(token) if kind == "id" else _picture(token)
    yield from _phrase(words)


def _phrase(words: list[str]) -> Iterator[tuple[Kind, str]]:
    if words:
        phrase = " ".join(words).strip()
        if not phrase:
            raise UsageError("the query is empty; give a picture or words")
        yield "text", phrase


def _recognise(token: str, *, alone: bool) -> Kind:
    """A picture when it names one, words otherwise.

    Among other words only what is written like a path counts as a file: a file named `night`
    must not take the last word out of `a cat at night`.
    """
    if token.startswith(_FILE):
        return "image"
    if "://" in token and " " not in token:
        if is_url(token):
            return "image"
        raise UsageError(f"{token}: only http and https addresses can be searched for")
    if _is_like_path(token):
        return "image"
    path = os.path.expanduser(token)
    return "image" if alone and os.path.exists(path) and not os.path.isdir(path) else "text"


def _picture(token: str) -> str:
    """The URL, or the path of a file that is there."""
    if is_url(token):
        return token
    path = path_of(token)
    if os.path.isdir(path):
        raise UsageError(
            f"{token} is a folder; a query is one picture or words "
            "(--within FOLDER searches only inside a folder)"
        )
    if not os.path.exists(path):
        raise UsageError(
            f"there is no file {token!r}; if these are words to search for, put --text before them"
        )
    return path


def path_of(token: str) -> str:
    """The path that was given, as such or as a `file:///` URI."""
    if not token.startswith(_FILE):
        return os.path.expanduser(token)
    # Bytes that are no text may stand in it as they are, too.
    path = to_path(quote(os.fsencode(token), safe=punctuation))
    return os.fspath(path or token)


def _is_like_path(token: str) -> bool:
    from lookalike.imaging import PICTURE_SUFFIXES

    if os.path.splitext(token)[1].lower() in PICTURE_SUFFIXES:
        return True
    separators = "/\\" if os.name == "nt" else "/"
    if token.startswith(("./", "../", "~/", "/")):
        return True
    return any(separator in token for separator in separators) and " " not in token


def _id(token: str) -> int:
    if not token.isdecimal() or len(token) > 19 or int(token) >= 2**63:
        raise UsageError(f"{token!r} is not a record's id: ids are whole numbers from 0")
    return int(token)
