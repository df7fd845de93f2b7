"""Fetch one picture from an http or https URL, without becoming a door into the own network."""

import functools
import ssl
import zlib
from collections.abc import Iterable

import httpcore
import httpx

from lookalike._version import __version__
from lookalike.errors import FetchError, NetworkError, RefusedUrlError
from lookalike.imaging.limits import DEFAULT_LIMITS, Limits
from lookalike.sources.connect import AddressRefusedError, CheckedBackend, Deadline

MAX_REDIRECTS = 5
STEP_TIMEOUT = 10.0

_REDIRECTS = {301, 302, 303, 307, 308}
_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    ssl.SSLError,
    zlib.error,
)
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def fetch(
    url: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    timeout: float = 30.0,
    allow_private: bool = False,
) -> bytes:
    """Fetch a URL's content; whether it is a picture is for `imaging.decode` to say.

    Every address that the host's name leads to must be public, and so must those of each
    redirect; the connection is made to the address that was checked. Proxies named in the
    environment are not used: behind one, the name would be resolved elsewhere and the check would
    mean nothing.

    Args:
        url: http or https, without user name and password.
        limits: only `max_bytes` matters here; it holds for the transfer and for what it unpacks to.
        timeout: seconds for everything together; a single step gets at most 10 of them.
        allow_private: also connect to private, loopback and other addresses that are not public.

    Raises:
        RefusedUrlError: it is no URL, or one that is not fetched from.
        NetworkError: no connection, no answer in time, or a server's own failure.
        FetchError: the server has no such picture, or what it sends is over the limits. Each
            message shows the URL without credentials and query.
    """
    target = _parse(url)
    deadline = Deadline(timeout)
    backend = CheckedBackend(deadline, min(timeout, STEP_TIMEOUT), allow_private)
    for _ in range(MAX_REDIRECTS + 1):
        try:
            answer = _get(target, backend, limits)
        except AddressRefusedError as error:
            raise RefusedUrlError(
                f"{_shown(target)}: the host's address is private or reserved, and only public "
                "ones are fetched; save the picture to a file and use that"
            ) from error
        except _FAILURES as error:
            raise NetworkError(f"{_shown(target)}: {_reason(error, timeout)}") from error
        if isinstance(answer, bytes):
            return answer
        target = answer
    raise FetchError(
        f"{_shown(target)}: more than {MAX_REDIRECTS} redirects; give the picture's own URL"
    )


def _get(url: httpx.URL, backend: CheckedBackend, limits: Limits) -> bytes | httpx.URL:
    """The content of a URL, or the URL that it redirects to."""
    address = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers = [
        (b"Host", url.netloc),
        (b"User-Agent", b"lookalike/" + __version__.encode()),
        (b"Accept", b"image/*,*/*;q=0.5"),
        (b"Accept-Encoding", b"identity"),
        (b"Connection", b"close"),
    ]
    context = _tls() if url.scheme == "https" else None
    with (
        httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
        pool.stream("GET", address, headers=headers) as response,
    ):
        fields = httpx.Headers(response.headers)
        if response.status in _REDIRECTS and "location" in fields:
            return _follow(url, fields["location"])
        if response.status != 200:
            failure = NetworkError if response.status >= 500 else FetchError
            raise failure(
                f"{_shown(url)}: the server answers {response.status}; check the URL in a browser"
            )
        return _body(url, fields, response.iter_stream(), limits)


def _body(url: httpx.URL, fields: httpx.Headers, chunks: Iterable[bytes], limits: Limits) -> bytes:
    too_large = FetchError(
        f"{_shown(url)}: larger than {limits.max_bytes:,} bytes, the limit for one picture"
    )
    declared = fields.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.max_bytes:
        raise too_large
    encoding = fields.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise FetchError(f"{_shown(url)}: sent in the encoding {encoding[:20]!r}, not asked for")
    unpacker = None
    if encoding not in {"identity", ""}:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    received, parts, size = 0, [], 0
    for chunk in chunks:
        received += len(chunk)
        # One byte over the limit is unpacked at most, whatever the chunk would unpack to.
        part = unpacker.decompress(chunk, limits.max_bytes - size + 1) if unpacker else chunk
        size += len(part)
        if max(received, size) > limits.max_bytes:
            raise too_large
        parts.append(part)
        if unpacker and unpacker.unused_data:
            raise FetchError(f"{_shown(url)}: the compressed answer has more after its end")
    if unpacker and not unpacker.eof:
        raise NetworkError(f"{_shown(url)}: the transfer ended early; try again")
    return b"".join(parts)


def _parse(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        _check(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        # httpx quotes the part that it stumbled over, which may be a password.
        raise RefusedUrlError("this is not a URL; check its spelling") from error
    return url


def _follow(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location)
        _check(target)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(
            f"{_shown(url)}: redirects to what is no URL; give the picture's own"
        ) from error
    return target


def _check(url: httpx.URL) -> None:
    """Raise RefusedUrlError for a URL of another kind; ValueError when its host cannot be read."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise RefusedUrlError(
            f"{_shown(url)}: only http:// and https:// URLs with a host are fetched"
        )
    if url.userinfo:
        raise RefusedUrlError(
            f"{_shown(url)}: a URL with user name and password is refused; "
            "save the picture to a file and use that"
        )


def _shown(url: httpx.URL) -> str:
    """The URL for people: no credentials, and no query, which may hold a key or a signature."""
    shown = str(url.copy_with(username=None, password=None, query=None, fragment=None))
    shown += "?…" if url.query else ""
    return shown if len(shown) <= 200 else shown[:199] + "…"


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"no complete answer within {timeout:g} seconds; try again later"
    detail = str(error)
    if isinstance(error, ssl.SSLError) or "SSL" in detail or "certificate" in detail:
        return "no secure connection (TLS): the server's certificate or protocol is not accepted"
    if isinstance(error, httpcore.ConnectError):
        return "no connection to the host; check the name and the network"
    return "the connection broke, or the answer is not valid HTTP; try again later"


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
