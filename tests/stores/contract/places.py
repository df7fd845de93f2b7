"""Where the stores of the contract are kept, and how they are opened, each kind in its way."""

import itertools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from milvus_server import MilvusProcess
from store_at import open_store

from lookalike.records import AttributeKind, EncoderSpec
from lookalike.stores.base import Store

Kind = Literal["local", "milvus"]

EMBEDDING = EncoderSpec("embedding", "embedding", 4, "f1")
HASH = EncoderSpec("hash", "hash", 16)
PDQ = EncoderSpec("pdq", "hash", 256)

_NUMBERS = itertools.count()


class Place:
    """A folder or an address with a store in it, open."""

    def __init__(
        self,
        kind: Kind,
        server: MilvusProcess | None = None,
        name: str = "c",
        attributes: Mapping[str, AttributeKind] | None = None,
    ) -> None:
        self.kind = kind
        if server is None:
            # In memory where that can be had: a real disk would be asked for thousands of fsyncs.
            memory = Path("/dev/shm")
            folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
            self.address = f"{folder}/{name}"
        else:
            self.address = server.address(f"{name}{next(_NUMBERS)}")
        self.store = self.opened(attributes=attributes)

    def opened(
        self,
        *,
        read_only: bool = False,
        attributes: Mapping[str, AttributeKind] | None = None,
    ) -> Store:
        """One more store on the same data."""
        # A reader is one more client, and sees at once what others wrote only if it asks for that.
        return open_store(
            self.address,
            read_only=read_only,
            consistency="strong" if read_only else None,
            attributes=attributes,
        )

    def reopen(self) -> Store:
        """Close the store and open it again."""
        self.store.close()
        self.store = self.opened()
        return self.store

    def empty(self) -> None:
        """Take everything out but the encoders."""
        store = self.store
        ids = [record.id for record in store.scan()]
        store.delete(ids)
        if len(ids) > 1000:
            # A server looks for the few among the many that were deleted, and misses some.
            store.optimize()
        for key in store.settings():
            store.set_setting(key, None)
        for spec in store.encoders():
            if spec.kind == "embedding" and store.projection(spec.name) is not None:
                store.set_projection(spec.name, None)

    def discard(self) -> None:
        """Close the store; a folder goes, a server's collections go with the server."""
        self.store.close()
        if self.kind == "local":
            shutil.rmtree(Path(self.address).parent)


def place_with_encoders(kind: Kind, server: MilvusProcess | None, name: str) -> Place:
    """A new store that has the three encoders."""
    place = Place(kind, server, name)
    for spec in (EMBEDDING, HASH, PDQ):
        place.store.add_encoder(spec)
    return place
