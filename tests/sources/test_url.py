import gzip
import shutil
import ssl
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest

from lookalike.errors import FetchError, NetworkError, RefusedUrlError
from lookalike.imaging import Limits
from lookalike.sources import connect
from lookalike.sources import url as url_module
from lookalike.sources.url import fetch

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 20
PUBLIC = "93.184.216.34"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        name = self.path.strip("/").partition("?")[0].replace("-", "_")
        if name.startswith("redirect/"):
            self.answer(302, b"", Location=self.path.removeprefix("/redirect/"))
        elif name.isdecimal():
            self.answer(int(name), b"no")
        elif name.startswith("hops/"):
            left = int(name.removeprefix("hops/"))
            self.answer(301, b"", Location=f"/hops/{left - 1}" if left > 1 else "/picture")
        else:
            getattr(self, name)()

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def picture(self) -> None:
        self.answer(200, PICTURE, Content_Type="text/html")

    def zipped(self) -> None:
        self.answer(200, gzip.compress(PICTURE), Content_Encoding="gzip")

    def deflated(self) -> None:
        self.answer(200, zlib.compress(PICTURE), Content_Encoding="deflate")

    def cut_zip(self) -> None:
        self.answer(200, gzip.compress(PICTURE)[:-30], Content_Encoding="gzip")

    def two_zips(self) -> None:
        body = gzip.compress(PICTURE[:99]) + gzip.compress(PICTURE[99:])
        self.answer(200, body, Content_Encoding="gzip")

    def zip_and_junk(self) -> None:
        # zlib keeps what follows the end, and copies all of it again for every further part.
        self.answer(200, gzip.compress(PICTURE) + bytes(5_000_000), Content_Encoding="gzip")

    def no_zip(self) -> None:
        self.answer(200, PICTURE, Content_Encoding="gzip")

    def brotli(self) -> None:
        self.answer(200, PICTURE, Content_Encoding="br")

    def gzip_bomb(self) -> None:
        self.answer(200, gzip.compress(bytes(20_000_000)), Content_Encoding="gzip")

    def large(self) -> None:
        self.answer(200, bytes(200_000))

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while not self.server.stopping.wait(0.001):  # type: ignore[attr-defined]
                self.wfile.write(b"4000\r\n" + bytes(0x4000) + b"\r\n")
        except OSError:
            pass
        self.close_connection = True

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self._drip()

    def drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._drip()

    def _drip(self) -> None:
        try:
            while not self.server.stopping.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b"x")
        except OSError:
            pass
        self.close_connection = True

    def silent(self) -> None:
        self.server.stopping.wait(30)  # type: ignore[attr-defined]
        self.close_connection = True

    def cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PICTURE) + 1))
        self.end_headers()
        self.wfile.write(PICTURE)
        self.close_connection = True

    def not_http(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        self.close_connection = True

    def nowhere(self) -> None:
        self.answer(302, b"")

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()

    def handle_error(self, *args: object) -> None:
        pass  # clients that hang up are what these tests are about


def _serve(server: _Server) -> Iterator[_Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stopping.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    yield from _serve(_Server())


@pytest.fixture
def base(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch, server: _Server) -> Callable[..., list[str]]:
    """Let names resolve to given addresses, each connection ending at the local server."""

    def install(*addresses: str) -> list[str]:
        connected: list[str] = []
        real = httpcore.SyncBackend.connect_tcp

        def connect_tcp(
            self: httpcore.SyncBackend, host: str, port: int, *args: object
        ) -> httpcore.NetworkStream:
            connected.append(host)
            return real(self, "127.0.0.1", server.server_port)

        monkeypatch.setattr(connect, "resolve", lambda host, port, timeout: list(addresses))
        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
        return connected

    return install


def test_a_picture_comes_whole_whatever_its_content_type(base: str) -> None:
    assert fetch(f"{base}/picture", allow_private=True) == PICTURE


def test_loopback_is_refused_and_never_asked(base: str, server: _Server) -> None:
    with pytest.raises(RefusedUrlError, match="private or reserved"):
        fetch(f"{base}/picture")
    assert server.seen == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "0x7f.0.0.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(RefusedUrlError, match="private or reserved"):
        fetch(f"http://{host}:9/picture.jpg", timeout=5)


def test_a_name_that_leads_to_loopback_is_refused(lead: Callable[..., list[str]]) -> None:
    connected = lead("127.0.0.1")
    with pytest.raises(RefusedUrlError, match="private or reserved"):
        fetch("http://harmless.example/picture")
    assert connected == []


def test_one_private_address_among_public_ones_is_enough(lead: Callable[..., list[str]]) -> None:
    connected = lead(PUBLIC, "10.0.0.7")
    with pytest.raises(RefusedUrlError, match="private or reserved"):
        fetch("http://harmless.example/picture")
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(
    lead: Callable[..., list[str]], server: _Server
) -> None:
    connected = lead(PUBLIC)
    assert fetch("http://pictures.example:8080/picture?size=1") == PICTURE
    assert connected == [PUBLIC]
    path, headers = server.seen[0]
    assert path == "/picture?size=1"
    assert headers["Host"] == "pictures.example:8080"
    assert headers["User-Agent"].startswith("lookalike/")


def test_the_next_address_is_tried_when_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, lead: Callable[..., list[str]]
) -> None:
    connected = lead(PUBLIC, "2606:4700::1111")
    patched = httpcore.SyncBackend.connect_tcp

    def first_fails(
        self: httpcore.SyncBackend, host: str, port: int, *args: object
    ) -> httpcore.NetworkStream:
        if host == PUBLIC:
            raise httpcore.ConnectError
        return patched(self, host, port)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", first_fails)
    assert fetch("http://pictures.example/picture") == PICTURE
    assert connected == ["2606:4700::1111"]


def test_a_redirect_into_the_own_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, lead: Callable[..., list[str]], server: _Server
) -> None:
    connected = lead(PUBLIC)
    public = connect.resolve

    def resolve(host: str, port: int, timeout: float) -> list[str]:
        return public(host, port, timeout) if host == "pictures.example" else ["169.254.169.254"]

    monkeypatch.setattr(connect, "resolve", resolve)
    with pytest.raises(RefusedUrlError, match=r"^http://metadata\.internal/.*private or reserved"):
        fetch("http://pictures.example/redirect/http://metadata.internal/latest")
    assert connected == [PUBLIC]
    assert len(server.seen) == 1


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://h/x", "gopher://h/x", "data:,x"])
def test_a_redirect_to_another_scheme_is_refused(base: str, scheme: str) -> None:
    with pytest.raises(RefusedUrlError, match="only http"):
        fetch(f"{base}/redirect/{scheme}", allow_private=True)


def test_redirects_are_followed_up_to_five(base: str, server: _Server) -> None:
    assert fetch(f"{base}/hops/5", allow_private=True) == PICTURE
    server.seen.clear()
    with pytest.raises(FetchError, match="more than 5 redirects"):
        fetch(f"{base}/hops/6", allow_private=True)
    assert len(server.seen) == 6


def test_a_redirect_to_credentials_is_refused(base: str) -> None:
    with pytest.raises(RefusedUrlError, match="user name") as caught:
        fetch(f"{base}/redirect/http://me:secret@h/x", allow_private=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture.jpg",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://host/picture.jpg",
        "http://",
        "http:///picture.jpg",
        "https:picture.jpg",
        "http://host:port/",
        "http://ho\nst/",
        "http://[::1/",
        "http://xn--/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedUrlError, match=r"not a URL|only http"):
        fetch(url)


@pytest.mark.parametrize(
    "url", ["http://me:secret@host/x", "http://me@host/x", "http://:secret@host/x?key=secret"]
)
def test_credentials_are_refused_and_never_shown(url: str) -> None:
    with pytest.raises(RefusedUrlError, match="user name and password") as caught:
        fetch(url)
    assert "secret" not in str(caught.value)
    assert "http://host/x" in str(caught.value)


def test_what_cannot_be_parsed_is_not_shown_either() -> None:
    with pytest.raises(RefusedUrlError) as caught:
        fetch("http://me:secret")
    assert "secret" not in str(caught.value)


def test_a_query_is_not_shown(base: str) -> None:
    with pytest.raises(FetchError, match=r"/404\?…: the server answers 404") as caught:
        fetch(f"{base}/404?signature=secret", allow_private=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [204, 206, 403, 404, 500])
def test_any_other_status_is_an_error(base: str, status: int) -> None:
    with pytest.raises(FetchError, match=f"answers {status}") as caught:
        fetch(f"{base}/{status}", allow_private=True)
    assert isinstance(caught.value, NetworkError) is (status >= 500)


@pytest.mark.parametrize("location", ["http://xn--/", "//host:port/"])
def test_a_redirect_to_what_is_no_url_is_refused(base: str, location: str) -> None:
    with pytest.raises(FetchError, match="redirects to what is no URL"):
        fetch(f"{base}/redirect/{location}", allow_private=True)


def test_a_redirect_to_nowhere_is_an_error(base: str) -> None:
    with pytest.raises(FetchError, match="answers 302"):
        fetch(f"{base}/nowhere", allow_private=True)


@pytest.mark.parametrize("path", ["large", "endless", "gzip-bomb"])
def test_nothing_over_the_limit_is_taken(base: str, path: str) -> None:
    with pytest.raises(FetchError, match="larger than 100,000 bytes"):
        fetch(f"{base}/{path}", allow_private=True, limits=Limits(max_bytes=100_000))


def test_a_picture_of_exactly_the_limit_is_taken(base: str) -> None:
    exact, less = Limits(max_bytes=len(PICTURE)), Limits(max_bytes=len(PICTURE) - 1)
    for path in ("picture", "zipped"):
        assert fetch(f"{base}/{path}", allow_private=True, limits=exact) == PICTURE
        with pytest.raises(FetchError, match="larger than"):
            fetch(f"{base}/{path}", allow_private=True, limits=less)


@pytest.mark.parametrize("path", ["zipped", "deflated"])
def test_compression_that_nobody_asked_for_is_undone(base: str, path: str) -> None:
    assert fetch(f"{base}/{path}", allow_private=True) == PICTURE


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("cut-zip", "ended early"),
        ("two-zips", "more after its end"),
        ("zip-and-junk", "more after its end"),
        ("no-zip", "connection broke"),
        ("brotli", "encoding 'br'"),
        ("cut", "connection broke"),
        ("not-http", "not valid HTTP"),
    ],
)
def test_a_broken_transfer_is_an_error(base: str, path: str, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        fetch(f"{base}/{path}", allow_private=True)


@pytest.mark.parametrize("path", ["drip", "drip-headers", "silent"])
def test_the_deadline_ends_a_transfer_however_it_dawdles(base: str, path: str) -> None:
    with pytest.raises(NetworkError, match=r"within 0\.3 seconds"):
        fetch(f"{base}/{path}", allow_private=True, timeout=0.3)


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    monkeypatch.setattr(connect.socket, "getaddrinfo", lambda *args, **kw: release.wait(30) and [])
    with pytest.raises(NetworkError, match="no complete answer"):
        fetch("http://slow.example/picture", timeout=0.2)
    release.set()


def test_a_name_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kw: object) -> list[object]:
        raise connect.socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(connect.socket, "getaddrinfo", unknown)
    with pytest.raises(NetworkError, match="no connection to the host"):
        fetch("http://missing.example/picture")


def test_a_closed_port_is_an_error(server: _Server, base: str) -> None:
    with pytest.raises(NetworkError, match="no connection to the host"):
        fetch("http://127.0.0.1:1/picture", allow_private=True, timeout=5)


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(f"{base}/picture", allow_private=True) == PICTURE


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[_Server, Path]]:
    """A server with a certificate for pictures.example of its own making."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=pictures.example", "-addext", "subjectAltName=DNS:pictures.example"]
    kind = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *kind, *subject, *files], check=True, capture_output=True)
    server = _Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.names = []  # type: ignore[attr-defined]
    context.sni_callback = lambda sock, name, ctx: server.names.append(name)  # type: ignore[attr-defined]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for running in _serve(server):
        yield running, certificate


def test_tls_checks_the_name_and_not_the_address(
    monkeypatch: pytest.MonkeyPatch, tls_server: tuple[_Server, Path]
) -> None:
    server, certificate = tls_server
    monkeypatch.setattr(connect, "resolve", lambda host, port, timeout: ["127.0.0.1"])
    monkeypatch.setattr(
        url_module, "_tls", lambda: ssl.create_default_context(cafile=str(certificate))
    )
    port = server.server_port
    assert fetch(f"https://pictures.example:{port}/picture", allow_private=True) == PICTURE
    assert server.names == ["pictures.example"]  # type: ignore[attr-defined]
    with pytest.raises(NetworkError, match="no secure connection"):
        fetch(f"https://other.example:{port}/picture", allow_private=True)


def test_a_certificate_of_nobody_is_refused(
    monkeypatch: pytest.MonkeyPatch, tls_server: tuple[_Server, Path]
) -> None:
    server, _ = tls_server
    monkeypatch.setattr(connect, "resolve", lambda host, port, timeout: ["127.0.0.1"])
    with pytest.raises(NetworkError, match="no secure connection"):
        fetch(f"https://pictures.example:{server.server_port}/picture", allow_private=True)
    assert server.seen == []
