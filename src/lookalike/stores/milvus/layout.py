"""What a collection is on the server: several Milvus collections, here called tables.

`NAME` holds the records, `NAME__ENCODER` the vectors of an encoder as they are compared, each
with its record once more so that one search filters and answers, `NAME__ENCODER__raw` the
embeddings as the encoder made them where they are compared through a projection, and
`NAME__kept` what belongs to the collection as a whole.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from lookalike.records import AttributeKind, EncoderSpec
from lookalike.stores.milvus import filterable

VERSION = 1
"""Of the layout; kept in the collection, so that an older lookalike refuses a newer one's."""

MAX_TEXT = 65535
"""Bytes of UTF-8 that a column of text holds at most."""
MAX_WORD = 64
"""Bytes that the columns `format` and `border` hold at most."""
MAX_JSON = 65536
"""Bytes that a column of JSON holds at most, by the server's default."""

_PLAIN_NAME = re.compile(r"(?!.*__)[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_RESERVED = ("kept", "raw")
_LONGEST_ENCODER = 60


class Type(IntEnum):
    """Types of columns, by the numbers that Milvus's protocol gives them."""

    BOOL = 1
    INT64 = 5
    DOUBLE = 11
    VARCHAR = 21
    JSON = 23
    BINARY_VECTOR = 100
    FLOAT_VECTOR = 101


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `size` is the most bytes of a text, or the components or bits of a vector."""

    name: str
    type: Type
    size: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """One Milvus collection: the first column is the primary key, the last one the vector."""

    name: str
    columns: tuple[Column, ...]
    metric: str
    partition_key: str = ""

    @property
    def key(self) -> str:
        """The name of the primary key."""
        return self.columns[0].name

    @property
    def vector(self) -> Column:
        """The column of vectors."""
        return self.columns[-1]

    @property
    def scalars(self) -> list[str]:
        """The names of all columns but the vector."""
        return [column.name for column in self.columns[:-1]]


VECTOR = "vector"
ROW = "row"
"""The primary key of a table of hashes: a record's id, or −id − 1 for its trimmed picture."""
HAS = "has"
"""JSON: by encoder, the quality of the record's vector, −1 where none is known."""
_NOTHING = Column("nothing", Type.BINARY_VECTOR, 8)
"""Every Milvus collection must have a vector."""
TENANT_PARTITION = "tenant_"
"""What the names of tenants' own partitions begin with."""

_RECORD = (
    Column("uri", Type.VARCHAR, MAX_TEXT),
    Column("tenant", Type.VARCHAR, MAX_TEXT),
    Column("sha256", Type.VARCHAR, 64),
    Column("md5", Type.VARCHAR, 32),
    Column("pixels", Type.VARCHAR, 64),
    Column("format", Type.VARCHAR, MAX_WORD),
    Column("border", Type.VARCHAR, MAX_WORD),
    Column("size", Type.INT64),
    Column("modified_ns", Type.INT64),
    Column("width", Type.INT64),
    Column("height", Type.INT64),
    Column("duplicate_of", Type.INT64),
    Column("added", Type.DOUBLE),
    Column("updated", Type.DOUBLE),
    Column("attributes", Type.JSON),
    Column(filterable.COLUMN, Type.JSON),
)
RECORD_COLUMNS = ("id", *(column.name for column in _RECORD[:-1]))
"""What a record is read from."""
_DECLARED = {"number": Type.DOUBLE, "text": Type.VARCHAR, "boolean": Type.BOOL}


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of one collection.

    `keyed` says that the tenant is their partition key, where tenancy is "key".
    """

    name: str
    declared: Mapping[str, AttributeKind]
    tenancy: str = "key"
    keyed: bool = True

    @property
    def records(self) -> Table:
        """The records, which are the truth."""
        columns = (Column("id", Type.INT64), *self._record, Column(HAS, Type.JSON), _NOTHING)
        return Table(self.name, columns, "HAMMING", self._partition_key)

    @property
    def kept(self) -> Table:
        """Settings, decisions, skipped files and the roster of encoders, as JSON by key.

        `first` and `second` are the records that an entry is about, −1 for none.
        """
        columns = (
            Column("key", Type.VARCHAR, MAX_TEXT),
            Column("kind", Type.VARCHAR, 64),
            Column("first", Type.INT64),
            Column("second", Type.INT64),
            Column("value", Type.VARCHAR, MAX_TEXT),
            _NOTHING,
        )
        return Table(f"{self.name}__kept", columns, "HAMMING")

    def compared(self, spec: EncoderSpec, size: int, generation: int = 1) -> Table:
        """An encoder's vectors as they are compared, of `size` components or bits."""
        name = f"{self.name}__{identifier(spec.name)}"
        if generation > 1:
            name = f"{name}__{generation}"
        if spec.kind == "hash":
            keys: tuple[Column, ...] = (Column(ROW, Type.INT64), Column("id", Type.INT64))
            vector, metric = Column(VECTOR, Type.BINARY_VECTOR, size), "HAMMING"
        else:
            keys = (Column("id", Type.INT64),)
            # Of unit vectors the same as the cosine, and defined for those that are zero.
            vector, metric = Column(VECTOR, Type.FLOAT_VECTOR, size), "IP"
        return Table(name, (*keys, *self._record, vector), metric, self._partition_key)

    def raw(self, spec: EncoderSpec) -> Table:
        """An encoder's embeddings as it made them."""
        columns = (Column("id", Type.INT64), Column(VECTOR, Type.FLOAT_VECTOR, spec.size))
        return Table(f"{self.name}__{identifier(spec.name)}__raw", columns, "IP")

    @property
    def filtered(self) -> list[str]:
        """Columns that filters look at so often that they have an index of their own.

        Truths have none: older servers refuse that, and it would tell two halves apart.
        """
        declared = [
            filterable.attribute_column(name)
            for name, kind in self.declared.items()
            if kind != "boolean"
        ]
        return declared if self._partition_key else ["tenant", *declared]

    @property
    def _record(self) -> tuple[Column, ...]:
        declared = []
        for name, kind in self.declared.items():
            length = MAX_TEXT if kind == "text" else 0
            declared.append(Column(filterable.attribute_column(name), _DECLARED[kind], length))
            declared.append(Column(filterable.set_column(name), Type.BOOL))
        return (*_RECORD, *declared)

    @property
    def _partition_key(self) -> str:
        return "tenant" if self.tenancy == "key" and self.keyed else ""


def identifier(encoder: str) -> str:
    """The part of a table's name that stands for an encoder, another one for each."""
    fits = _PLAIN_NAME.fullmatch(encoder) and len(encoder) <= _LONGEST_ENCODER
    if fits and encoder not in _RESERVED:
        return encoder
    plain = re.sub(r"[^A-Za-z0-9]+", "_", encoder[:_LONGEST_ENCODER]).strip("_")
    digest = hashlib.blake2b(encoder.encode(), digest_size=4).hexdigest()
    return f"{plain or 'encoder'}_{digest}" if plain[:1].isalpha() else f"e{plain}_{digest}"


def partition_of(tenant: str) -> str:
    """The name of a tenant's own partition."""
    if not tenant:
        return "_default"
    return f"{TENANT_PARTITION}{hashlib.blake2b(tenant.encode(), digest_size=16).hexdigest()}"
