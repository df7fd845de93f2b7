"""Kills indexing twenty times at random moments and checks what is left.

    python benchmarks/kill_ingest.py examples/photos ../shared/data/labelled \
        [--encoders mobilenet-v3-large,phash] [--kills 20] [--seed 1] [--milvus]

A child process indexes the pictures and prints each record once its write has returned. It is
killed (SIGKILL) at a random moment and started again on what it left. After every kill: each
record that was printed is there under its id, none twice, no picture printed before was encoded
again, every vector is in the index, and the index holds nothing else. At the end a run finishes
undisturbed, and the collection is compared with one that was never disturbed.

With --milvus the collection is on a Milvus server of its own, which every other time is what is
killed, and started again; the undisturbed run goes to a folder.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ingest"))

import indexing_child
import killing
from milvus_server import QUICK, MilvusProcess


def main() -> None:
    """Kill, check, finish, compare; an AssertionError says what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--encoders", default="mobilenet-v3-large,phash")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=1.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--milvus", action="store_true", help="kill a server as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as after:
        calm = Path(folder) / "calm"
        killed: str | Path = Path(folder) / "killed"
        server = None
        if options.milvus:
            server = MilvusProcess(Path(folder) / "server", QUICK).start()
            after.callback(server.kill)
            killed = server.address("killed?timeout=600")
        acknowledged = killing.kill_again_and_again(
            killed,
            options.encoders,
            options.pictures,
            kills=options.kills,
            longest=options.longest,
            seed=options.seed,
            server=server,
        )
        with open(Path(folder) / "out", "w") as out:
            sys.stdout, standard = out, sys.stdout
            report = indexing_child.run(calm, options.encoders, options.pictures)
            sys.stdout = standard
        assert list(killing.contents(killed)) == list(killing.contents(calm)), "records differ"
        for encoder in options.encoders.split(","):
            got, wanted = (killing.vectors(path, encoder) for path in (killed, calm))
            assert np.abs(got.astype(float) - wanted.astype(float)).max() < 2e-3, encoder
        print(
            f"{options.kills} kills; {len(acknowledged)} records acknowledged in the end, "
            f"{report.added} in an undisturbed run: the same collection"
        )


if __name__ == "__main__":
    main()
