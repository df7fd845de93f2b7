"""Every test of the contract runs on every kind of store, and gets an empty one."""

from collections.abc import Callable, Iterator

import pytest
from milvus_server import MilvusProcess
from places import Kind, Place, place_with_encoders

from lookalike.stores.base import Store


@pytest.fixture(scope="session", params=["local", "milvus"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The kind of store."""
    found: Kind = request.param
    return found


@pytest.fixture(scope="session")
def server(kind: Kind, request: pytest.FixtureRequest) -> MilvusProcess | None:
    """The server that stores of this kind need."""
    found: MilvusProcess | None = request.getfixturevalue("milvus") if kind == "milvus" else None
    return found


@pytest.fixture(scope="session")
def shared_place(server: MilvusProcess | None) -> Iterator[Place | None]:
    """A store with three encoders that all tests share: making one takes a server seconds."""
    place = None if server is None else place_with_encoders("milvus", server, "contract")
    yield place
    if place is not None:
        place.discard()


@pytest.fixture
def empty_place(shared_place: Place | None) -> Iterator[Callable[[], Place]]:
    """Gives an empty store with three encoders: each time a new one, or the shared one."""
    made: list[Place] = []

    def give() -> Place:
        if shared_place is not None:
            shared_place.empty()
            return shared_place
        for place in made:
            place.discard()
        made[:] = [place_with_encoders("local", None, "c")]
        return made[0]

    yield give
    for place in made:
        place.discard()


@pytest.fixture
def place(empty_place: Callable[[], Place]) -> Place:
    """An empty store with three encoders."""
    return empty_place()


@pytest.fixture
def store(place: Place) -> Store:
    """That store, for tests that do not close it."""
    return place.store


@pytest.fixture
def new_place(kind: Kind, server: MilvusProcess | None) -> Iterator[Callable[[], Place]]:
    """Makes stores without encoders, for what cannot be undone."""
    made: list[Place] = []

    def make() -> Place:
        made.append(Place(kind, server, "fresh"))
        return made[-1]

    yield make
    for place in made:
        place.discard()
