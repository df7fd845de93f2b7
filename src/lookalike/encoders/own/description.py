"""The description of a model of one's own: a model card in which nearly all may be left out."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookalike.encoders.own.presets import PRESETS
from lookalike.errors import DescriptionError, NotFoundError, UsageError

POOLS = ("none", "first-token", "flatten", "max", "mean")
_LARGEST = 1 << 20  # bytes of a description
_CHOICES: dict[str, tuple[str, ...]] = {
    "resize": ("shorter-side", "stretch"),
    "interpolation": ("bilinear", "bicubic", "lanczos"),
    "colour": ("RGB", "BGR"),
    "layout": ("NCHW", "NHWC"),
    "dtype": ("float32", "float16", "uint8"),
    "borders": ("", "black"),
    "preset": tuple(PRESETS),
}
_WHOLE = ("crop", "shorter_side", "version")
_TRIPLES = ("mean", "std")


@dataclass(frozen=True, slots=True)
class Description:
    """What the user wrote; empty and zero stand for "find it out".

    `preprocessing` holds fields of `card.Preprocessing`, and `preset`, the name of one of
    `presets.PRESETS`, for those left out. `words` says that there is a table for a text tower.
    """

    title: str = ""
    summary: str = ""
    size: int = 0
    min_side: int = 0
    licence: dict[str, str] = field(default_factory=dict)
    input: str = ""
    output: str = ""
    pool: str = ""
    file: str = ""
    sha256: str = ""
    preprocessing: dict[str, Any] = field(default_factory=dict)
    words: bool = False
    text_output: str = ""
    max_tokens: int = 0
    text_note: str = ""


def read(path: Path) -> tuple[str, Description]:
    """Read a description: the model's name ("" when it gives none), and the rest.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is not TOML.
        DescriptionError: a field is unknown or of the wrong type; names every one, a line each.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is too large for a description: is it the model itself?")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a description in TOML: {error}") from error
    table = _Table(data)
    words = table.has("text")
    image, text = table.table("image"), table.table("text")
    file = image.table("file")
    licence = table.text_or_table("licence", "weights")
    found = Description(
        title=table.text("title"),
        summary=table.text("summary"),
        size=table.whole("size"),
        min_side=table.whole("min_side"),
        licence={key: licence.text(key) for key in ("weights", "url", "note")},
        input=image.text("input"),
        output=image.text("output"),
        pool=image.choice("pool", POOLS),
        file=file.text("name"),
        sha256=file.text("sha256"),
        preprocessing=_preprocessing(table, image),
        words=words,
        text_output=text.text("output"),
        max_tokens=text.whole("max_tokens"),
        text_note=text.text("note"),
    )
    name = table.text("name")
    # The rest of a full card: known, and not needed of a model that is here.
    for known, ignored in (
        (table, ("kind", "quality", "aliases")),
        (image, ("runtime", "any_side")),
        (file, ("bytes", "sources", "folder")),
        (text, ("model", "tokenizer")),
    ):
        known.ignore(ignored)
    if problems := table.problems():
        raise DescriptionError("\n".join([f"{path} cannot be used as a description:", *problems]))
    return name, found


def _preprocessing(table: "_Table", image: "_Table") -> dict[str, Any]:
    """It may stand at the top or under [image], and be no more than the name of a preset."""
    places = [each for each in (table, image) if each.has("preprocessing")]
    given = (places or [table])[0].text_or_table("preprocessing", "preset")
    if len(places) > 1:
        table.complain("preprocessing is given twice")
        image.ignore(("preprocessing",))
    values: dict[str, Any] = {}
    for key, choices in _CHOICES.items():
        if given.has(key):
            values[key] = given.choice(key, choices)
    for key in _WHOLE:
        if given.has(key):
            values[key] = given.whole(key)
    for key in _TRIPLES:
        if given.has(key):
            values[key] = given.triple(key)
    if given.has("scale"):
        values["scale"] = given.number("scale")
    return values


class _Table:
    """A table that is read field by field, and says at the end what was wrong."""

    def __init__(self, data: dict[str, Any], prefix: str = "", said: list[str] | None = None):
        self._data = dict(data)
        self._prefix = prefix
        self._said = [] if said is None else said
        self._below: list[_Table] = []

    def has(self, key: str) -> bool:
        return key in self._data

    def complain(self, problem: str) -> None:
        self._said.append(f"  - {problem}")

    def ignore(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._data.pop(key, None)

    def problems(self) -> list[str]:
        """Everything that was wrong, fields that nobody asked for at last."""
        for table in (self, *self._below):
            for key in table._data:
                table.complain(f"there is no field {table._prefix}{key}")
        return self._said

    def text(self, key: str) -> str:
        return str(self._take(key, "text", lambda value: isinstance(value, str), ""))

    def whole(self, key: str) -> int:
        return int(self._take(key, "a whole number above 0", _is_whole, 0))

    def number(self, key: str) -> float:
        return float(self._take(key, "a number", _is_number, 0.0))

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        listed = " or ".join(f'"{choice}"' for choice in choices if choice)
        return str(self._take(key, listed, lambda value: value in choices, ""))

    def triple(self, key: str) -> tuple[float, ...]:
        """Three numbers, or one for all channels."""
        value = self._take(
            key,
            "a number or a list of three",
            lambda value: (
                _is_number(value)
                or (isinstance(value, list) and len(value) == 3 and all(map(_is_number, value)))
            ),
            0.0,
        )
        return tuple(float(each) for each in (value if isinstance(value, list) else [value] * 3))

    def table(self, key: str) -> "_Table":
        value = self._take(key, "a table", lambda value: isinstance(value, dict), {})
        below = _Table(value, f"{self._prefix}{key}.", self._said)
        self._below.append(below)
        return below

    def text_or_table(self, key: str, main: str) -> "_Table":
        """A table, or a text that stands for a table with that one field."""
        if isinstance(self._data.get(key), str):
            self._data[key] = {main: self._data[key]}
        return self.table(key)

    def _take(self, key: str, wanted: str, is_right: Any, default: Any) -> Any:
        if key not in self._data:
            return default
        value = self._data.pop(key)
        if is_right(value):
            return value
        self.complain(f"{self._prefix}{key} is {value!r}, and has to be {wanted}")
        return default


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31
