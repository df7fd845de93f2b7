"""The part of a source that one of several workers takes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.records import Record

INDEX_VARIABLES = ("JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID")
"""Where Kubernetes' indexed Jobs and Slurm's arrays say which worker this is."""
COUNT_VARIABLE = "LOOKALIKE_SHARDS"
"""How many workers there are. No scheduler says it in a way that outlives a part's repetition."""
MOST = 1_000_000

_WRITTEN = re.compile(r"(?P<number>\d{1,9}|auto)/(?P<of>\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number`, counted from 0, of `of` parts.

    Which part a picture is in depends on nothing but its uri (a table's: on the text of its row's
    id) and on `of`: not on the order of files, on what else there is, or on the machine.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.of <= MOST:
            raise UsageError(f"shard {self}: there can be 1 to {MOST:,} parts")
        if not 0 <= self.number < self.of:
            raise UsageError(
                f"shard {self}: parts are counted from 0, so those of {self.of:,} are 0/{self.of} "
                f"to {self.of - 1}/{self.of}"
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str, environ: Mapping[str, str]) -> "Shard":
        """Read `NUMBER/OF`, `auto/OF` or `auto`.

        `auto` takes the number from what Kubernetes or Slurm set in the environment, and how many
        there are from LOOKALIKE_SHARDS.

        Raises:
            UsageError: it is written otherwise, there is no such part, or the environment lacks a
                variable; says which.
        """
        if text == "auto":
            text = f"auto/{_number(COUNT_VARIABLE, environ, 'how many workers there are')}"
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise UsageError(f"shard {text!r}: write 0/4 to 3/4, auto/4 or auto")
        number = found["number"]
        if number == "auto":
            number = _own_number(environ)
        return cls(int(number), int(found["of"]))

    def holds(self, key: str) -> bool:
        """Whether what has this uri, or a table's row with this id, is in the part."""
        if self.of == 1:
            return True
        # The name keeps parts independent of the ids that a store makes of the same uris.
        digest = hashlib.blake2b(
            key.encode("utf-8", "surrogatepass"), digest_size=8, person=b"lookalike shard"
        ).digest()
        return int.from_bytes(digest, "big") % self.of == self.number

    def holds_record(self, record: "Record", id_column: str | None = None) -> bool:
        """Whether the record of one of its pictures is in the part.

        `id_column` is the column that names a row of the table that the pictures came from.
        """
        key = None if id_column is None else record.attributes.get(id_column)
        return self.holds(record.uri if key is None else str(key))


def _own_number(environ: Mapping[str, str]) -> str:
    for name in INDEX_VARIABLES:
        if name in environ:
            return _number(name, environ, "which worker this is")
    names = " nor ".join(INDEX_VARIABLES)
    raise UsageError(
        f"shard auto: neither {names} is set here; run it as an indexed Job of Kubernetes or an "
        "array of Slurm, or write which part, such as 0/4"
    )


def _number(name: str, environ: Mapping[str, str], meaning: str) -> str:
    value = environ.get(name, "").strip()
    if not (value.isascii() and value.isdigit()):
        given = f"is {value!r}" if value else "is not set"
        raise UsageError(f"shard auto: {name} {given}; set it to {meaning}, a whole number")
    return value
