"""The looks that one query is worth, in groups that are encoded and timed together."""

from lookalike.copies.effort import Reach
from lookalike.copies.evidence import Look
from lookalike.copies.picture import QueryPicture
from lookalike.copies.views import WHOLE, View, views

Group = list[tuple[View, Look]]


def groups(query: QueryPicture, wanted: Reach, *, any_side: bool) -> dict[str, Group]:
    """Views with their looks, by the name of the step: `descriptor`, `7 orientations`, ...

    `any_side` says that the copy descriptor can look at squares of any side. Where the query has
    borders, everything but one look at the whole of it is at what they hold.
    """
    assert query.image is not None
    inside, trimmed = query.image, False
    found: dict[str, Group] = {"descriptor": []}
    if query.trimmed is not None:
        found["descriptor"].append((View("whole", query.image), Look()))
        inside, trimmed = query.trimmed.image, True
    for view in views(
        inside,
        orientations=wanted.orientations,
        regions=wanted.regions,
        inverted=wanted.inverted,
        sides=wanted.sides and any_side,
    ):
        look = Look(view.orientation, view.box, view.inverted, trimmed)
        found.setdefault(_kind(view), []).append((view, look))
    if wanted.regions:
        for frame in query.frames:
            look = Look(0, frame.box, False, trimmed, frame.straightened)
            found.setdefault("frame", []).append((View("frame", frame.image, box=frame.box), look))
    return {_counted(kind, len(group)): group for kind, group in found.items()}


def _kind(view: View) -> str:
    if view.box != WHOLE:
        return "region"
    if view.inverted:
        return "negative"
    if view.orientation:
        return "orientation"
    return "descriptor" if view.side is None else "smaller size"


def _counted(kind: str, count: int) -> str:
    if kind in {"descriptor", "negative"}:
        return kind
    return f"{count} {kind}" if count == 1 else f"{count} {kind}s"
