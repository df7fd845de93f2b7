"""A Milvus server of the tests' own, from the package `milvus`, which holds a whole one."""

import ctypes
import lzma
import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

_SYSTEM = ctypes.CDLL(None) if sys.platform == "linux" else None

HOST = "127.0.0.1"
STARTED_WITHIN = 180.0  # seconds; alone on two cores it takes 4 to 7

# Loading a collection and reading one's own writes wait for a server's clocks: waits of a second
# and of a fifth of one, which tests need not sit through.
STEADY = {
    "queryCoord.checkInterval": "100",
    "queryCoord.distPullInterval": "50",
    "proxy.timeTickInterval": "20",
    # A server that gets no processor for so long takes itself for dead, and ends.
    "common.session.ttl": "60",
}
# One that was killed waits as long before it comes back, of itself 30 seconds.
QUICK = {**STEADY, "common.session.ttl": "10"}


def why_no_server() -> str | None:
    """Why no server can be started here; None when one can."""
    if find_spec("milvus") is None:
        return "the package milvus is not installed: pip install 'milvus==2.3.5'"
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return "the server in the package milvus runs on Linux x86-64"
    return None


class MilvusProcess:
    """A server with its data in `folder`.

    It dies with the thread that started it, so start it in the main thread. `settings` are those
    of milvus.yaml by dotted name; without any, the server is as its package has it.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.settings = dict(settings or {})
        self.port = 0
        self._web = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """What pymilvus connects to."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that `kill` kills."""
        assert self._process is not None
        return self._process.pid

    def address(self, name: str) -> str:
        """The address of a collection of this server."""
        return f"milvus://{HOST}:{self.port}/{name}"

    def start(self) -> "MilvusProcess":
        """Start on free ports and wait until the server is healthy."""
        for _ in range(5):
            self._configure()
            if self._run():
                return self
        raise RuntimeError(f"Milvus ended while it started:\n{self._said()}")

    def kill(self) -> None:
        """Kill -9; what the folder holds stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            Path(f"/tmp/milvus/server_id_{self.pid}").unlink(missing_ok=True)
            self._process = None

    def restart(self) -> None:
        """Start again what was killed, on the same folder and ports."""
        self.kill()
        if not self._run():
            raise RuntimeError(f"Milvus did not come up again on its ports:\n{self._said()}")

    def suspend(self) -> None:
        """Stop the server's clock: it takes connections and never answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _configure(self) -> None:
        """Write the server's configuration, with ports that nobody has."""
        from milvus import MilvusServerConfig

        config = MilvusServerConfig(data_dir=str(self.folder))
        names = [name for name in config.configurable_items if name.endswith("_port")]
        with free_ports(len(names) + 3) as ports:
            *own, self._web, clients, peers = ports
        for name, port in zip(names, own, strict=True):
            config.set(name, port)
        config.resolve_storage()
        etcd = self.folder / "configs" / "etcd.yaml"
        config.template_text = config.template_text.replace(
            "\netcd:\n", f"\netcd:\n  config:\n    path: {etcd}\n"
        )
        for key, value in self.settings.items():
            config.set(key, value)
        config.write_config()
        etcd.write_text(_etcd(self.folder / "data" / "etcd.data", clients, peers))
        self.port = config.get("proxy_port")

    def _run(self) -> bool:
        """Start the process; False when it ended, as it does where a port was taken meanwhile."""
        binary = unpacked() / "milvus"
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self._web),
            "MILVUS_RUN_DIR": str(self.folder / "run"),
            "LD_LIBRARY_PATH": f"{binary.parent}:{os.environ.get('LD_LIBRARY_PATH', '')}",
        }
        with (logs / "said.log").open("ab") as said:
            self._process = subprocess.Popen(
                [binary, "run", "standalone"],
                cwd=self.folder,
                env=environment,
                stdout=said,
                stderr=said,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call to the kernel, no lock taken
            )
        until = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < until:
            if self._process.poll() is not None:
                return False
            if self.healthy():
                return True
            time.sleep(0.05)
        self.kill()
        raise TimeoutError(f"Milvus was not healthy in {STARTED_WITHIN:.0f} s:\n{self._said()}")

    def healthy(self) -> bool:
        """Whether the server takes connections, and says that it is.

        It says so for a moment while it starts, too, before it takes any.
        """
        try:
            socket.create_connection((HOST, self.port), timeout=2).close()
            with urllib.request.urlopen(f"http://{HOST}:{self._web}/healthz", timeout=2) as answer:
                return b"OK" in answer.read()
        except (urllib.error.URLError, OSError):
            return False

    def _said(self) -> str:
        """The end of what the server said."""
        log = self.folder / "logs" / "said.log"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""


@contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """Ports that nobody listens on, held until the end of the block.

    Below those that the system lends to outgoing connections, which could take one before the
    server does.
    """
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((HOST, random.randint(15_000, 32_000)))
            except OSError:
                continue
            ports.append(probe.getsockname()[1])
        yield ports


def unpacked() -> Path:
    """The server's binary and libraries, unpacked once for all servers of this user."""
    import milvus

    packed = Path(milvus.__file__).parent / "data" / "bin"
    name = f"lookalike-tests-milvus-{milvus.__version__}-{os.getuid()}"
    folder = Path(tempfile.gettempdir()) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=0o700)
            for file in packed.glob("*.lzma"):
                target = part / file.stem
                with lzma.open(file) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
                target.chmod(0o755)
            part.rename(folder)
    return folder


def _etcd(data: Path, clients: int, peers: int) -> str:
    """The configuration of the etcd within a server; by default all have the same ports."""
    return f"""\
name: default
data-dir: {data}
listen-client-urls: http://{HOST}:{clients}
advertise-client-urls: http://{HOST}:{clients}
listen-peer-urls: http://{HOST}:{peers}
initial-advertise-peer-urls: http://{HOST}:{peers}
initial-cluster: default=http://{HOST}:{peers}
"""


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends, however it ends."""
    pr_set_pdeathsig = 1
    _SYSTEM.prctl(pr_set_pdeathsig, signal.SIGKILL)
