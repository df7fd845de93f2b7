"""Taking out what writers that died left: vectors without a record."""

from lookalike.stores.milvus import sweeping
from lookalike.stores.milvus.presence import DELETING, WRITER
from lookalike.stores.milvus.state import State

_SAFE_SECONDS = 60.0
"""What was written later may be of a writer that lives, and its record under way."""


def take_out(state: State) -> None:
    """Sweep what those that died wrote and what they were deleting, and forget their marks."""
    dead = state.presence.dead()
    if not dead:
        return
    since = min(mark.value["since"] for mark in dead)
    own = {mark.key for mark in dead}
    deleting = [one for one in state.kept.every(DELETING) if one.key.partition(":")[0] in own]
    state.refresh()
    for member in state.members.values():
        sweeping.sweep(state, member, sweeping.before(_SAFE_SECONDS), since)
        for one in deleting:
            sweeping.sweep_of(state, member, one.value)
    state.kept.remove(DELETING, [one.key for one in deleting])
    state.kept.remove(WRITER, sorted(own))
