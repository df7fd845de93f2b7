"""Evaluating a collection as it is: the stored embeddings, against what the records say."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from lookalike.arguments import checked, encoder_names
from lookalike.errors import UsageError
from lookalike.evaluation import datasets
from lookalike.evaluation.compare import Embedded, Options, compare
from lookalike.evaluation.results import Evaluation
from lookalike.records import Record
from lookalike.search.choose import find
from lookalike.sources.base import Failure, Item
from lookalike.sources.uri import is_url, to_path
from lookalike.stores.base import Progress
from lookalike.views.text import value_of

if TYPE_CHECKING:
    from lookalike.collection import Collection


def evaluate_collection(
    collection: "Collection",
    *,
    label: str | None = None,
    encoders: str | Sequence[str] | None = None,
    where: str | None = None,
    limit: int | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure the embeddings a collection holds, with classes of pictures; no picture is encoded.

    Args:
        collection: an open collection.
        label: the attribute that holds a picture's class; by default the class is the name of the
            folder that the picture lies in. Records without it are left out.
        encoders: some of the collection's, a list or a text with commas; all of them by default.
        where: only records that match this filter.
        limit: at most so many records, of each class about as many.
        options: how to compare. Projections are the collection's.
        progress: called as progress(stage, done, total).

    Raises:
        UnknownEncoderError: the collection has no encoder of a name.
        UsageError: no classes, or nothing to find in them.
    """
    options = checked(options or Options(), Options, "options are Options")
    specs = {spec.name: spec for spec in collection.encoders}
    names = list(specs)
    if encoders is not None:
        # A name that is known may hold a comma itself.
        wished = [encoders] if isinstance(encoders, str) and encoders in specs else None
        asked = (find(collection.encoders, name) for name in wished or encoder_names(encoders))
        names = list(dict.fromkeys(spec.name for spec in asked))
    items: list[Item] = []
    classes: list[str] = []
    digests: list[bytes] = []
    left_out: list[Failure] = []
    rows: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    total = collection.count(where=where)
    for done, record in enumerate(collection.list(where=where), 1):
        vectors = collection.vectors_of(record.id)
        lacking = next((name for name in names if name not in vectors), None)
        found = class_of(record, label)
        if found is None:
            why = f"it has no attribute {label}" if label else "it lies in no folder"
            left_out.append(Failure(record.uri, why))
        elif lacking is not None:
            left_out.append(Failure(record.uri, f"it has no embedding by {lacking}"))
        else:
            items.append(Item(record.uri, b""))
            classes.append(found)
            digests.append(record.sha256 or record.uri.encode())
            for name in names:
                rows[name].append(vectors[name])
        if progress:
            progress("reading the collection", done, total)
    if not items:
        raise UsageError(
            f"no record of {collection.address} has "
            + (f"an attribute {label}" if label else "a folder to take its class from")
            + f" and an embedding by {' and '.join(names)}"
        )
    where_from = f"{collection.address}, by {label or 'folder'},"
    kept = datasets.spread(classes, limit)
    data = datasets.of_classes(
        [items[row] for row in kept], [classes[row] for row in kept], where_from, left_out
    )
    data, once, notices = data.once([digests[row] for row in kept])
    datasets.check(data)
    kept = [kept[row] for row in once]

    def embed(name: str) -> Embedded:
        vectors = np.stack([rows[name][row] for row in kept])
        spec = specs[name]
        through = None if spec.kind == "hash" else collection.projection(name)
        return Embedded(spec, vectors, None, through)

    return compare(data, names, embed, options, notices=notices, progress=progress)


def class_of(record: Record, label: str | None) -> str | None:
    """The class of a record: an attribute's value as text, or the name of its folder."""
    if label is not None:
        value = record.attributes.get(label)
        return None if value is None or value == [] else value_of(value)
    path = urlsplit(record.uri).path if is_url(record.uri) else str(to_path(record.uri) or "")
    return PurePath(path).parent.name or None
