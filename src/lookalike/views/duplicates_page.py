"""The page of duplicates: look through the groups, mark what to do, and save the decisions.

One file with everything inside. Its script makes the file of decisions; it loads nothing and
sends nothing.
"""

import base64
import hashlib
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lookalike._version import __version__
from lookalike.duplicates.decisions import FORMAT
from lookalike.duplicates.report import SETTLED, Duplicates, Group, Member
from lookalike.opening import DEFAULT_PATH
from lookalike.records import Record
from lookalike.views import pictures
from lookalike.views.embedded import Picture, embed, link, template
from lookalike.views.file import file_to_write, write_file
from lookalike.views.text import name_of, printable, size

SIDE = 256
"""Longer side in pixels of an embedded picture."""

MOST_GROUPS = 2000
MOST_MEMBERS = 24
"""Pictures shown of one group; the others are counted."""

MOST_BYTES = 48 * 2**20
"""Of all embedded pictures; groups beyond have no room."""

_AT_A_TIME = 32


@dataclass(frozen=True, slots=True)
class _Card:
    record: Record
    name: str
    place: str
    folder: str
    link: str
    picture: Picture
    facts: str
    word: str
    style: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Shown:
    group: Group
    cards: tuple[_Card, ...]
    hidden: int
    spare: str


def page(found: Duplicates, *, name: str = "") -> tuple[str, int]:
    """A whole HTML page, and how many groups had no room on it.

    Args:
        found: the groups.
        name: the path of the collection.
    """
    shown: list[_Shown] = []
    room = MOST_BYTES
    for one in _shown(found):
        shown.append(one)
        room -= sum(len(card.picture.src) for card in one.cards)
        if room <= 0:
            break
    script = template("duplicates.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    where = "" if name in {"", DEFAULT_PATH} else f" -c {shlex.quote(name)}"
    command = printable(f"lookalike duplicates{where} --decide decisions.json")
    data = {
        "format": FORMAT,
        "command": command,
        "groups": {
            str(one.group.id): [
                [record.id, record.uri]
                for record in (one.group.best, *(each.record for each in one.group.others))
            ]
            for one in shown
        },
    }
    left = len(found) - len(shown)
    html = template("duplicates.html").render(
        found=found,
        shown=shown,
        left=left,
        data=data,
        script=script,
        digest=digest,
        name=printable(name),
        command=command,
        spare=size(found.spare_bytes),
        notices=[printable(notice) for notice in found.notices],
        version=__version__,
    )
    return html, left


def write_page(found: Duplicates, path: str | os.PathLike[str], *, name: str = "") -> int:
    """Write `page` to a file; returns how many groups had no room on it.

    Raises:
        UsageError: the file has no name, or its folder is not there.
        OSError: the file cannot be written; its old contents are still there.
    """
    place = Path(file_to_write(path))
    html, left = page(found, name=name)
    write_file(place, html.encode("utf-8", "backslashreplace"))
    return left


def _shown(found: Duplicates) -> Iterator[_Shown]:
    for start in range(0, min(len(found), MOST_GROUPS), _AT_A_TIME):
        some = found[start : min(start + _AT_A_TIME, MOST_GROUPS)]
        uris = [one.uri for group in some for one in _records(group)]
        images = pictures.load(uris, side=SIDE)
        for group in some:
            best = _card(group.best, None, group.why, images[group.best.uri])
            others = [
                _card(one.record, one, one.reason, images[one.record.uri])
                for one in group.others[:MOST_MEMBERS]
            ]
            hidden = len(group.others) - len(others)
            yield _Shown(group, (best, *others), hidden, size(group.spare_bytes))


def _records(group: Group) -> list[Record]:
    return [group.best, *(one.record for one in group.others[:MOST_MEMBERS])]


def _card(record: Record, member: Member | None, reason: str, image: pictures.Shown) -> _Card:
    facts = [
        f"{record.width} × {record.height}" if record.width else "",
        record.format or "",
        size(record.size) if record.size is not None else "",
    ]
    if member is None:
        word, style = "best", "best"
    else:
        word = SETTLED.get(member.settled) or member.verdict.value
        style = "settled" if member.settled else member.verdict.value
    return _Card(
        record=record,
        name=name_of(record.uri),
        place=printable(record.uri),
        folder=printable(os.path.dirname(record.uri)),
        link=link(record.uri),
        picture=embed(image),
        facts=" · ".join(fact for fact in facts if fact),
        word=word,
        style=style,
        reason=printable(reason),
    )
