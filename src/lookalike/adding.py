"""What adds to a collection: pictures, tables of products, encoders, embeddings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, get_args

from lookalike.arguments import PATH, checked, item, text_of
from lookalike.errors import UsageError
from lookalike.records import OnDuplicate
from lookalike.sharding import own_part
from lookalike.stores.base import Progress, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lookalike.encoders.base import Encoder
    from lookalike.indexes import Wished
    from lookalike.ingest import IngestReport
    from lookalike.records import EncoderSpec, Record
    from lookalike.sources.shard import Shard

DEFAULT_ENCODERS = ("clip-vit-b-16", "phash", "sscd-distilled")
"""For what pictures show and for words, for exact copies, for edited ones."""


class Adding:
    """The half of a `Collection` that adds to it."""

    def __init__(
        self, store: Store, encoders: Sequence[str], indexes: "Wished | None" = None
    ) -> None:
        self._store = store
        self._wished = tuple(encoders)
        self._indexes = indexes

    def add(
        self,
        pictures: Any,
        *,
        uri: str | None = None,
        attributes: "Mapping[str, Any] | Callable[[str], Mapping[str, Any] | None] | None" = None,
        tenant: str = "",
        ignore: str | Sequence[str] = (),
        prune: bool = False,
        on_duplicate: OnDuplicate = "keep",
        shard: "Shard | str | None" = None,
        progress: Progress | None = None,
    ) -> "IngestReport":
        """Add pictures, or bring them up to date; what is unchanged is skipped.

        Args:
            pictures: a path of a picture or folder, a URL, bytes or a Pillow image, or a list of
                paths and URLs, or a list of bytes and images.
            uri: name of the one picture given as bytes or image; its digest by default.
            attributes: the user's fields, one mapping for all, or a function of the uri; a record
                that is there keeps its others.
            tenant: whose pictures they are.
            ignore: patterns of names to leave out, as in a .gitignore file.
            prune: also delete the records under the given folders whose files are gone.
            on_duplicate: what becomes of a new picture that is identical to one that is there, or a
                copy of it: "keep" adds it as any other, "skip" leaves it out, "link" adds it with
                the other's id as its `duplicate_of`.
            shard: the part to take when several processes add the same source at a time, such as
                "0/4" to "3/4", or "auto/4" where Kubernetes or Slurm number them.
            progress: called as progress(stage, done, total).

        Returns:
            What was added, updated, unchanged, moved, removed and failed, and how many records that
            were there a further encoder embedded. A bad picture never stops the rest.

        Raises:
            UsageError: a path does not exist, or the arguments do not fit together.
            EnvironmentFailure: weights, engine or disk failed; what was added before is kept.
        """
        from lookalike.ingest import ingest, ingest_items

        text_of(tenant, "tenant")
        _check_choice(on_duplicate)
        checked(ignore, Iterable, "ignore is a pattern, or a list of them")
        given = list(pictures) if isinstance(pictures, list | tuple) else [pictures]
        names = [isinstance(each, str | PathLike) for each in given]
        if any(names) != all(names):
            raise UsageError("paths and pictures in memory cannot be mixed in one call")
        if uri is not None and (any(names) or len(given) != 1):
            raise UsageError("uri names one picture given as bytes or image, not paths")
        if isinstance(ignore, str):
            ignore = [ignore]
        if not any(names) and (ignore or prune or shard is not None):
            raise UsageError("ignore, prune and shard go with folders, not pictures in memory")
        part = own_part(shard, self._store)
        known = {spec.name for spec in self._store.encoders()}
        models = self._writing_encoders(progress)
        if any(names):
            report = ingest(
                self._store,
                models,
                given,
                tenant=tenant,
                attributes=attributes,
                ignore=ignore,
                prune=prune,
                on_duplicate=on_duplicate,
                progress=progress,
                shard=part,
            )
        else:
            items = [item(each, uri) for each in given]
            report = ingest_items(
                self._store,
                models,
                items,
                tenant=tenant,
                attributes=attributes,
                on_duplicate=on_duplicate,
                progress=progress,
            )
        own = None if part is None else part.holds_record
        return self._complete(report, models, known, progress, own)

    def add_table(
        self,
        table: str | PathLike[str],
        *,
        id: str,  # noqa: A002 - the field's word
        root: str | PathLike[str] | None = None,
        path_pattern: str | None = None,
        path_column: str | None = None,
        types: str | Mapping[str, str] = "",
        columns: Sequence[str] | None = None,
        delimiter: str | None = None,
        unlisted: bool = False,
        attributes: Mapping[str, Any] | None = None,
        tenant: str = "",
        ignore: str | Sequence[str] = (),
        prune: bool = False,
        on_duplicate: OnDuplicate = "keep",
        shard: "Shard | str | None" = None,
        progress: Progress | None = None,
    ) -> "IngestReport":
        """Add the pictures that a product table names, with its columns as their attributes.

        Args:
            table: a CSV, TSV, JSON lines or Parquet file.
            id: the column that names a row; declared as int it is the record's id, too.
            root: the folder that holds the pictures; by default the table's own.
            path_pattern: a picture's path, such as `images/{article_id:.3}/{article_id}.jpg`.
            path_column: a column that holds paths or URLs. Without it and without a pattern, a
                picture belongs to the row whose id is its file's name without the suffix.
            types: of columns: text, int, float, bool, list or list:SEPARATOR. By default all of
                CSV is text, and values of other files are what they are there.
            columns: the ones to keep; all by default.
            delimiter: what parts the columns of a CSV file.
            unlisted: also add the pictures that no row names.
            attributes: further ones, the same for all.
            tenant: whose pictures they are.
            ignore: patterns of pictures to leave out where the folder is walked.
            prune: also delete the records below the folder whose row or file is gone.
            on_duplicate: as in `add`.
            shard: as in `add`; rows are parted by their ids.
            progress: called as progress(stage, done, total).

        Returns:
            As `add`. What is wrong with one row is a failure of it.

        Raises:
            UsageError: the table cannot be read, or a column is not there.
            EnvironmentFailure: weights, engine or disk failed; what was added before is kept.
        """
        from lookalike.imaging import DEFAULT_LIMITS
        from lookalike.ingest import ingest_table, own_folder
        from lookalike.sources.table import Join, TableSource

        text_of(tenant, "tenant")
        _check_choice(on_duplicate)
        checked(table, PATH, "a table is named by its path")
        checked(ignore, Iterable, "ignore is a pattern, or a list of them")
        part = own_part(shard, self._store)
        join = Join(id, root, path_pattern, path_column, types, columns, delimiter, unlisted)
        source = TableSource(
            table,
            join,
            limits=DEFAULT_LIMITS,
            attributes=attributes,
            ignore=[ignore] if isinstance(ignore, str) else ignore,
            skip=own_folder(self._store),
            progress=progress,
            shard=part,
        )
        known = {spec.name for spec in self._store.encoders()}
        models = self._writing_encoders(progress)
        report = ingest_table(
            self._store,
            models,
            source,
            tenant=tenant,
            on_duplicate=on_duplicate,
            prune=prune,
            progress=progress,
        )
        own = None if part is None else partial(part.holds_record, id_column=id)
        return self._complete(report, models, known, progress, own)

    def add_encoder(self, name: str, progress: Progress | None = None) -> "IngestReport":
        """Add an encoder and embed what is there, reading the pictures once more.

        An interrupted run goes on where it stopped when called again.
        """
        from lookalike.encoders import registry
        from lookalike.ingest import embed_missing

        checked(name, str, "an encoder is named by a text")
        encoder = registry.load(name, progress=progress)
        self._join(encoder.spec)
        ours = [s.name for s in self._store.encoders() if s.name in registry.names()]
        min_side = max(registry.card(own).min_side for own in ours)
        return embed_missing(self._store, encoder, min_side=min_side, progress=progress)

    def add_embeddings(
        self,
        ids: "Sequence[int] | NDArray[np.int64]",
        vectors: "NDArray[Any] | Sequence[Sequence[float]]",
        *,
        uris: Sequence[str] | None = None,
        attributes: Sequence[Mapping[str, Any]] | None = None,
        tenant: str | None = None,
        encoder: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Add vectors computed elsewhere; an id that is there is updated.

        Args:
            ids: n different int64 ≥ 0.
            vectors: (n, dim) floats, finite and not zero; normalised here. A memory map is read
                in slices.
            uris: n names; by default a record that is there keeps its own, a new one is `id:N`.
            attributes: n mappings; by default a record that is there keeps its own.
            tenant: whose they are; by default a record that is there stays whose it is.
            encoder: which encoder made them; a name unknown to lookalike is kept as a space of
                its own. By default the collection's encoder of that size, else "external".
            progress: called as progress(stage, done, total).

        Returns:
            How many rows were stored.

        Raises:
            UsageError: shapes, ids or values do not fit, or an id is another tenant's; nothing of
                the bad slice is stored.
        """
        from lookalike.external import add_rows

        return add_rows(
            self._store,
            ids,
            vectors,
            uris=uris,
            attributes=attributes,
            tenant=tenant,
            encoder=encoder,
            progress=progress,
        )

    def import_embeddings(
        self,
        path: str | PathLike[str],
        *,
        encoder: str | None = None,
        tenant: str | None = None,
        progress: Progress | None = None,
    ) -> "IngestReport":
        """Add the records and vectors of a file that `export_embeddings` wrote.

        A picture that is there (by tenant and uri) is updated and keeps its id; a new one gets
        the file's id, or another when that is taken. So the same file can be imported again, and
        an interrupted import goes on.

        Args:
            path: a .parquet, .npy, .h5 or .hdf5 file; another program's will do if it has ids or
                uris beside the vectors.
            encoder: the name to keep the vectors under; by default the file's.
            tenant: whose they are; by default the file says.
            progress: called as progress(stage, done, total).

        Raises:
            UsageError: the file is damaged or no such file, or its vectors cannot be compared
                with those that the collection has under that name.
        """
        from lookalike.embeddings import import_embeddings

        return import_embeddings(
            self._store, path, encoder=encoder, tenant=tenant, progress=progress
        )

    # -- inside ---------------------------------------------------------------------------------

    def _writing_encoders(self, progress: Progress | None) -> "Sequence[Encoder]":
        """Load the encoders every new picture is encoded with; new ones join the collection."""
        from lookalike.encoders import registry
        from lookalike.encoders.matching import load_matching, why_not

        for spec in self._store.encoders():
            if spec.fingerprint and not self._wished and (why := why_not(spec)):
                raise UsageError(f"{why}; name encoders to go on without it")
        ours = [spec for spec in self._store.encoders() if spec.name in registry.names()]
        models = [load_matching(spec, progress) for spec in ours]
        wished = self._wished or (() if models else DEFAULT_ENCODERS)
        known = {spec.name for spec in ours}
        names = [name for name in map(registry.own_name, wished) if name not in known]
        # All are loaded before the first one joins.
        further = [registry.load(name, progress=progress) for name in dict.fromkeys(names)]
        for model in further:
            self._join(model.spec)
        return [*models, *further]

    def _join(self, spec: "EncoderSpec") -> None:
        """Add an encoder with its projection, and the index that is wished for it."""
        from lookalike.encoders.shipped import shipped_projection

        index = None if self._indexes is None else self._indexes.index(spec)
        self._store.add_encoder(spec, shipped_projection(spec.name), index)

    def _complete(
        self,
        report: "IngestReport",
        models: "Sequence[Encoder]",
        known: set[str],
        progress: Progress | None,
        own: "Callable[[Record], bool] | None",
    ) -> "IngestReport":
        """Embed what lacks a vector of an encoder; what fails joins the report.

        For the encoders known before only files are looked at: what else is missing was tried
        when they joined. One of several workers completes its `own` records, and leaves the
        borders of old ones to one that works alone.
        """
        from lookalike.ingest import embed_missing, trim_again

        min_side = max(model.min_side for model in models)
        for encoder in models:
            if report.interrupted:
                break
            more = embed_missing(
                self._store,
                encoder,
                files_only=encoder.spec.name in known,
                own=own,
                min_side=min_side,
                progress=progress,
            )
            # What is completed was counted already, as unchanged.
            completed = {encoder.spec.name: more.updated} if more.updated else {}
            report += replace(more, updated=0, completed=completed)
        hashers = [model for model in models if model.spec.kind == "hash"]
        if own is None and not report.interrupted:
            report += trim_again(self._store, hashers, min_side=min_side, progress=progress)
        return report


def _check_choice(on_duplicate: OnDuplicate) -> None:
    if on_duplicate not in get_args(OnDuplicate):
        raise UsageError(f"on_duplicate is keep, skip or link, not {on_duplicate!r}")
