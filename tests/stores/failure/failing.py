"""What tests of failures share: a small collection on a server, and the command as a process."""

import subprocess
import sys

import numpy as np

from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.store import MilvusStore

EYE = np.eye(4, dtype=np.float32)
EMBEDDING = EncoderSpec("e", "embedding", 4)


def opened(address: str, **options: bool) -> MilvusStore:
    """A store at an address."""
    return MilvusStore.open(MilvusAddress.parse(address), **options)


def made(address: str) -> None:
    """Make a collection of four records, unless it is there."""
    with opened(address) as store:
        store.add_encoder(EMBEDDING)
        store.upsert([entry(n) for n in range(4)])


def entry(number: int) -> Entry:
    """One record."""
    return Entry(f"/{number}", size=number, vectors={"e": EYE[number % 4]})


def command(*arguments: object) -> list[str]:
    """The command line of `lookalike`."""
    return [sys.executable, "-c", "from lookalike.cli import main; main()", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`lookalike` with these arguments, to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, timeout=300
    )
