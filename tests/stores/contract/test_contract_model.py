"""Every kind of store agrees with a plain model, whatever is done to it.

`--hypothesis-profile long` tries many more histories.
"""

from collections.abc import Callable

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from model import StoreMachine
from places import Kind, Place

EXAMPLES = {"local": 40, "milvus": 3}
STEPS = {"local": 25, "milvus": 20}
PHASES = {
    "local": tuple(Phase),
    # Making a failing history shorter takes a server too long.
    "milvus": (Phase.explicit, Phase.reuse, Phase.generate),
}
LONG = 25
"""How many times as many examples the long profile tries."""


def test_a_store_agrees_with_the_model(kind: Kind, empty_place: Callable[[], Place]) -> None:
    more = LONG if settings.get_current_profile_name() == "long" else 1
    every, slow = (1, 99) if kind == "local" else (5, 1)
    run_state_machine_as_test(
        lambda: StoreMachine(empty_place, every, slow),
        settings=settings(
            max_examples=EXAMPLES[kind] * more,
            stateful_step_count=STEPS[kind],
            phases=PHASES[kind],
            deadline=None,
        ),
    )
