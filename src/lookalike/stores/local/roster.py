"""The encoders that a catalogue knows, with the number that names their table."""

import io
import sqlite3
from dataclasses import dataclass

from lookalike.encoders import projection as projections
from lookalike.encoders.projection import Projection
from lookalike.errors import StoreError, WeightsError
from lookalike.indexes import IndexSpec, defaults
from lookalike.records import EncoderSpec
from lookalike.stores.checks import as_kept, bytes_of, check_spec
from lookalike.stores.local import schema, settings
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.space import Space


@dataclass(frozen=True, slots=True)
class Member:
    """One encoder of the collection and the table that holds its vectors."""

    number: int
    spec: EncoderSpec

    @property
    def table(self) -> str:
        """The name of its table of vectors."""
        return f"vectors_{self.number}"

    @property
    def trimmed_table(self) -> str:
        """The name of its table of hashes of trimmed pictures, where it makes hashes."""
        return f"trimmed_{self.number}"

    @property
    def is_hash(self) -> bool:
        """Whether it makes hashes rather than embeddings."""
        return self.spec.kind == "hash"


def members(catalogue: Catalogue) -> dict[str, Member]:
    """The encoders by name, in the order they were added."""
    rows = catalogue.read(
        "SELECT number, name, kind, size, fingerprint FROM encoders ORDER BY number"
    )
    return {row[1]: Member(row[0], EncoderSpec(*row[1:])) for row in rows}


def add(
    connection: sqlite3.Connection,
    spec: EncoderSpec,
    index: IndexSpec,
    projection: Projection | None = None,
) -> None:
    """Add an encoder and its table, its index, and what its embeddings are compared through.

    Raises:
        UsageError: its kind or size cannot be, or the projection is not for its embeddings.
    """
    check_spec(spec)
    number = connection.execute(
        "INSERT INTO encoders (name, kind, size, fingerprint) VALUES (?, ?, ?, ?)",
        (spec.name, spec.kind, spec.size, spec.fingerprint),
    ).lastrowid
    added = Member(int(number or 0), spec)
    connection.execute(schema.vectors_table(added.number))
    if added.is_hash:
        connection.execute(schema.trimmed_table(added.number))
    else:
        keep_index(connection, added, index)
    keep_projection(connection, added, as_kept(spec, projection))


def space(catalogue: Catalogue, encoder: Member) -> Space:
    """The space in which its embeddings are compared.

    Raises:
        StoreError: the projection that is kept is damaged.
    """
    rows = catalogue.read("SELECT data FROM projections WHERE encoder = ?", (encoder.number,))
    try:
        projection = projections.read(io.BytesIO(rows[0][0])) if rows else None
    except WeightsError as error:
        name = encoder.spec.name
        raise StoreError(
            f"The projection of {name} in {catalogue.path} is damaged: choose it again with "
            f"`lookalike rebuild --projection {name}=default`, or `{name}=none`."
        ) from error
    return Space(encoder.spec, projection, index_spec(catalogue, encoder))


def vectors(catalogue: Catalogue, encoder: Member) -> int:
    """How many vectors it has."""
    ((held,),) = catalogue.read("SELECT vectors FROM encoders WHERE number = ?", (encoder.number,))
    return int(held)


def index_spec(catalogue: Catalogue, encoder: Member) -> IndexSpec:
    """The index that its vectors have."""
    if encoder.is_hash:
        return IndexSpec("BIN_FLAT")
    kept = settings.read(catalogue, settings.INDEX + encoder.spec.name)
    return defaults("local") if kept is None else IndexSpec.from_dict(kept)


def keep_index(connection: sqlite3.Connection, encoder: Member, index: IndexSpec) -> None:
    """Keep which index its vectors have."""
    settings.write(connection, settings.INDEX + encoder.spec.name, index.to_dict())


def keep_projection(
    connection: sqlite3.Connection, encoder: Member, projection: Projection | None
) -> None:
    """Keep another projection of its embeddings, or none."""
    connection.execute("DELETE FROM projections WHERE encoder = ?", (encoder.number,))
    if projection is not None:
        connection.execute(
            "INSERT INTO projections (encoder, version, size, data) VALUES (?, ?, ?, ?)",
            (encoder.number, projection.version, projection.size, bytes_of(projection)),
        )
