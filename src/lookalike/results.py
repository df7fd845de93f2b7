"""The answer to one query: a sequence of hits that can print, plot and serialise itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, overload

from lookalike.records import Hit


@dataclass(frozen=True, slots=True)
class Took:
    """Where a query's time went, in milliseconds.

    A search for copies has its `steps` by name, in the order in which they were taken; all but
    decoding are under `search`.
    """

    decode: float = 0.0
    encode: float = 0.0
    search: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)


class Results(Sequence[Hit]):
    """Ranked hits, best first; iterate, index or slice them.

    In a notebook it shows itself as a grid of pictures; `plot` writes that grid as a PNG. Under
    each picture stands its file's name, or the attribute that `labelled` chooses.
    """

    def __init__(
        self,
        hits: Sequence[Hit],
        *,
        query: str,
        encoder: str,
        took_ms: Took,
        query_pictures: Sequence[bytes] = (),
        notices: Sequence[str] = (),
        label: str | None = None,
        group_by: str | None = None,
    ) -> None:
        self.hits = tuple(hits)
        self.query = query
        self.encoder = encoder
        self.took_ms = took_ms
        self.query_pictures = tuple(query_pictures)
        """The encoded files (JPEG, PNG…) of the query's pictures, to show beside the answer."""
        self.notices = tuple(notices)
        """What the user should know about this answer: shown on standard error by the command."""
        self.label = label
        """The attribute that names a hit where it is shown; its file's name when None."""
        self.group_by = group_by
        """The field that hits are grouped by, if they are: those of a group follow each other."""

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __repr__(self) -> str:
        lines = [f"{hit.score:.3f} {hit.verdict:<9} {hit.id} {hit.uri}" for hit in self.hits]
        head = f"{len(self.hits)} hits for {self.query} by {self.encoder}"
        return "\n".join([head, *lines])

    def labelled(self, label: str | None) -> "Results":
        """The same answer, shown with an attribute, such as `prod_name`, under each picture."""
        return self._other(self.hits, label)

    def only(self, hits: Sequence[Hit]) -> "Results":
        """The same answer with some of its hits."""
        return self._other(hits, self.label)

    def _other(self, hits: Sequence[Hit], label: str | None) -> "Results":
        return Results(
            hits,
            query=self.query,
            encoder=self.encoder,
            took_ms=self.took_ms,
            query_pictures=self.query_pictures,
            notices=self.notices,
            label=label,
            group_by=self.group_by,
        )

    def to_dict(self) -> dict[str, Any]:
        """The object that `lookalike search --json` and `lookalike copies --json` print.

        A search for copies has `steps` within `took_ms`, and `match` in hits that were proved; a
        grouped one has `group_by`, and `group` in each hit.
        """
        took = self.took_ms
        steps = {name: round(value, 3) for name, value in took.steps.items()}
        grouped = {} if self.group_by is None else {"group_by": self.group_by}
        return {
            "query": self.query,
            "encoder": self.encoder,
            **grouped,
            "took_ms": {
                "decode": round(took.decode, 3),
                "encode": round(took.encode, 3),
                "search": round(took.search, 3),
                **({"steps": steps} if steps else {}),
            },
            "hits": [
                {
                    "id": hit.id,
                    "uri": hit.uri,
                    "score": round(hit.score, 6),
                    "distance": round(hit.distance, 6),
                    "verdict": hit.verdict.value,
                    "reason": hit.reason,
                    "attributes": dict(hit.attributes),
                    "match": None if hit.match is None else asdict(hit.match),
                    **({"group": hit.group} if grouped else {}),
                }
                for hit in self.hits
            ],
            "notices": list(self.notices),
        }

    def plot(self, path: str | PathLike[str], *, columns: int = 5) -> Path:
        """Write the grid of hits as a PNG, name and score under each picture.

        The title holds the query and the times.
        """
        from lookalike.views.png import write_grid

        return write_grid(self, Path(path), columns=columns)

    def _repr_html_(self) -> str:
        from lookalike.views.html import fragment

        return fragment(self)
