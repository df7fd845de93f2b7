"""How far a copy has come, kept in the target, so that the next start goes on from there."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike.stores.base import Store
    from lookalike.transfer.part import Part

PREFIX = "copy:"
"""How the keys of these settings begin; they are not copied themselves."""


@dataclass(frozen=True, slots=True)
class State:
    """One copy's progress.

    `begun` is when the pass at work began, in seconds since the epoch; `since` is None in the
    first pass, which takes all records, and then the moment since which changes are looked for.
    `after` is the last id that this pass has done. `done` says that the copy had ended, and the
    next one only brings over what changed.
    """

    source: str
    begun: float
    since: float | None = None
    after: int = -1
    done: bool = False


def key_of(source: str, part: "Part") -> str:
    """The key of the progress of copying one part of one source."""
    said = json.dumps([source, repr(part.where), [spec.name for spec in part.specs], part.ids])
    return PREFIX + hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def read(target: "Store", key: str) -> State | None:
    """What an earlier copy left; None where there was none."""
    kept = target.setting(key)
    return None if kept is None else State(**kept)


def write(target: "Store", key: str, state: State) -> None:
    """Keep it."""
    target.set_setting(key, asdict(state))


def finish(target: "Store", key: str) -> None:
    """Keep that the copy has ended."""
    state = read(target, key)
    if state is not None:
        write(target, key, replace(state, done=True))


def forget(target: "Store", key: str) -> None:
    """Have the next copy begin anew."""
    target.set_setting(key, None)
