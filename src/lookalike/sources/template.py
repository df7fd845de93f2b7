"""Path patterns: `images/{article_id:.3}/{article_id}.jpg`, filled from a table's row."""

import os
import re
import string
from collections.abc import Mapping
from typing import Any

from lookalike.errors import UsageError

_WIDEST = 255
"""No part of a file's name is longer; a wider field is a mistake, or an attack on the memory."""

_SAMPLES: dict[str, Any] = {"text": "0", "int": 0, "float": 0.0, "bool": True}


class PathTemplate:
    """A path with columns in braces, each with a format spec at most, as in `str.format`.

    There is no way to an attribute, an item or a method of a value.

    Raises:
        UsageError: it names no column, or holds more than columns and format specs.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise UsageError(f"path pattern {text!r}: {error}") from None
        self._parts = [
            (literal, None if field is None else _field(text, field, conversion), spec or "")
            for literal, field, spec, conversion in parts
        ]
        self.columns = tuple(dict.fromkeys(field for _, field, _ in self._parts if field))
        """The columns that it names."""
        for _, field, spec in self._parts:
            if field is not None:
                _check_spec(text, field, spec)
        if not self.columns:
            raise UsageError(
                f"path pattern {text!r} names no column; write one in braces, such as "
                "images/{article_id}.jpg"
            )

    @property
    def folder(self) -> str:
        """The folder that every path made from it lies in; empty when it begins with a column."""
        return os.path.dirname(self._parts[0][0])

    def check(self, types: Mapping[str, str]) -> None:
        """Refuse a format spec that no value of a column's declared type can take."""
        for _, field, spec in self._parts:
            sample = _SAMPLES.get(types.get(field or "", ""))
            if field is not None and sample is not None:
                try:
                    format(sample, spec)
                except ValueError:
                    kind = types[field]
                    hint = f"; declare {field}=int" if spec[-1:] in {"d", "x"} else ""
                    raise UsageError(
                        f"path pattern {self.text!r}: {{{field}:{spec}}} does not fit a column "
                        f"of type {kind}{hint}"
                    ) from None

    def fill(self, values: Mapping[str, Any]) -> str:
        """The path for one row.

        Raises:
            ValueError: a column has no value here, or one that does not fit; says which.
        """
        made = []
        for literal, field, spec in self._parts:
            made.append(literal)
            if field is None:
                continue
            value = values.get(field)
            if value is None or value == "":
                raise ValueError(f"{field} is empty, so its picture's path is not known")
            if isinstance(value, list | dict):
                raise ValueError(f"{field} is a {type(value).__name__}, which no path can hold")
            try:
                made.append(format(value, spec))
            except (ValueError, TypeError):
                raise ValueError(f"{field}: {value!r} does not fit {{{field}:{spec}}}") from None
        return "".join(made)


def _field(text: str, field: str, conversion: str | None) -> str:
    if not field.strip() or any(mark in field for mark in ".[]{}") or conversion:
        shown = f"{field}!{conversion}" if conversion else field
        raise UsageError(
            f"path pattern {text!r}: {{{shown}}} is no column; only a column's name with a "
            "format may stand in braces, such as {article_id:010d}"
        )
    return field


def _check_spec(text: str, field: str, spec: str) -> None:
    # Any script's digits count, and so does whatever stands behind leading zeros.
    wide = any(len(number) > 9 or int(number) > _WIDEST for number in re.findall(r"\d+", spec))
    if wide or "{" in spec or "}" in spec:
        raise UsageError(f"path pattern {text!r}: the format of {field!r} cannot be {spec!r}")
