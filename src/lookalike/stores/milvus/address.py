"""Addresses of collections on a Milvus server: `milvus://HOST:PORT/NAME`."""

import os
import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from lookalike.errors import UsageError

SCHEME = "milvus://"
TOKEN_VARIABLE = "LOOKALIKE_MILVUS_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that holds the token, or `user:password`."""

Consistency = Literal["session", "strong", "bounded", "eventually"]
"""How much of what was written a read sees: see docs/milvus.md."""
Tenancy = Literal["key", "partitions"]
"""Whether tenants share partitions by a partition key, or each has one of its own."""

LONGEST_NAME = 100
_PORT = 19530
_NAME = re.compile(r"(?!.*__)[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OPTIONS = ("database", "tls", "timeout", "consistency", "tenancy")
_FORM = f"an address looks like {SCHEME}HOST:{_PORT}/NAME"
_MISTYPED = re.compile(
    r"\s*(?:[^/]*://|[a-z][a-z0-9+.-]+:/|milvus[a-z]*(?::|//)|[^/@:]+:.*@)", re.I
)
"""How texts begin that were meant as an address; `./` before it makes any a folder's path."""
_SECRET = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*:/+|milvus[a-z]*(?::|/)/*)?.*@", re.I | re.S)
_SECRET_PART = re.compile(r"[^\s'\"(]+:(?!\s).*@")


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """Where a collection is, and how it is talked to.

    `timeout` is how many seconds one request may take. `tenancy` counts when the collection is
    made; None leaves it to the collection. `token` is never part of the text of an address.
    """

    host: str
    port: int
    name: str
    database: str = ""
    tls: bool = False
    timeout: float = 60.0
    consistency: Consistency = "session"
    tenancy: Tenancy | None = None
    token: str = field(default="", repr=False)

    @property
    def server(self) -> str:
        """HOST:PORT, as messages name the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def uri(self) -> str:
        """What pymilvus connects to."""
        return f"{'https' if self.tls else 'http'}://{self.server}"

    def __str__(self) -> str:
        """The address without its secrets and without what is the default."""
        given = {
            "database": self.database,
            "tls": "1" if self.tls else "",
            "timeout": "" if self.timeout == 60.0 else f"{self.timeout:g}",
            "consistency": "" if self.consistency == "session" else self.consistency,
            "tenancy": self.tenancy or "",
        }
        options = urlencode({key: value for key, value in given.items() if value}, quote_via=quote)
        return f"{SCHEME}{self.server}/{self.name}" + (f"?{options}" if options else "")

    @classmethod
    def parse(cls, text: str, **given: str | None) -> "MilvusAddress":
        """Read an address; options `given` beside it win over those in it.

        The token is the `user:password@` in it, else what LOOKALIKE_MILVUS_TOKEN holds.

        Raises:
            UsageError: it is no such address, or an option is unknown or has no such value.
        """
        shown = without_secrets(text)
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise UsageError(f"{shown}: the host or port cannot be read; {_FORM}") from None
        if not parts.hostname or parts.scheme != SCHEME.partition(":")[0] or parts.fragment:
            raise UsageError(f"{shown} is no address of a collection on Milvus; {_FORM}")
        if "@" in parts.path + parts.query:
            raise UsageError(
                f"{shown}: write /, ? and # of a password as %2F, %3F and %23, or put "
                f"USER:PASSWORD into {TOKEN_VARIABLE}"
            )
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        options.update({key: value for key, value in given.items() if value is not None})
        for key in options:
            if key not in _OPTIONS:
                raise UsageError(f"{shown}: there is no option {key!r}, only {', '.join(_OPTIONS)}")
        token = os.environ.get(TOKEN_VARIABLE, "")
        if parts.username is not None:
            token = unquote(parts.username) + (
                "" if parts.password is None else ":" + unquote(parts.password)
            )
        return cls(
            parts.hostname,
            _PORT if port is None else port,
            _name(parts.path.strip("/"), shown),
            options.get("database", ""),
            _choice(options, "tls", ("0", "1"), shown) == "1",
            _seconds(options.get("timeout", "60"), shown),
            _choice(options, "consistency", get_args(Consistency), shown) or "session",  # type: ignore[arg-type]
            _choice(options, "tenancy", get_args(Tenancy), shown),  # type: ignore[arg-type]
            token,
        )


def is_address(text: str) -> bool:
    """Whether a text means a collection on a Milvus server rather than a folder."""
    return text[: len(SCHEME)].lower() == SCHEME


def begins_as_address(text: str) -> bool:
    """Whether a text is an address, or was meant as one, rather than as a folder."""
    return _MISTYPED.match(text) is not None


def refuse_mistyped(text: str) -> None:
    """Refuse what was meant as an address and is none, before a folder is made of it.

    Raises:
        UsageError: it begins as an address does.
    """
    if begins_as_address(text) and not is_address(text):
        raise UsageError(
            f"{without_secrets(text)} is neither a folder nor an address: {_FORM} (a folder whose "
            "name begins so is given as ./NAME)"
        )


def without_secrets(text: str) -> str:
    """A text, meant as an address, as messages may show it: nothing before an @, no options.

    A path, which begins with a slash or a dot, stays as it is.
    """
    if text.startswith(("/", ".", "~")):
        return text
    shown = _SECRET.sub(lambda found: f"{found['scheme'] or ''}***@", text, count=1)
    return shown.partition("?")[0]


def message_without_secrets(message: str) -> str:
    """A message that repeats arguments: what looks like a password goes."""
    return _SECRET_PART.sub(lambda found: without_secrets(found[0]), message)


def _name(name: str, shown: str) -> str:
    if not name:
        raise UsageError(f"{shown}: the collection's name is missing; {_FORM}")
    if len(name) > LONGEST_NAME or _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{shown}: a collection's name on Milvus has at most {LONGEST_NAME} letters, digits "
            "and single underscores, and begins with no digit"
        )
    return name


def _choice(options: dict[str, str], key: str, choices: tuple[str, ...], shown: str) -> str | None:
    value = options.get(key)
    if value is not None and value not in choices:
        raise UsageError(f"{shown}: {key} is {' or '.join(choices)}, not {value!r}")
    return value


def _seconds(text: str, shown: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"{shown}: timeout is a number of seconds above 0, not {text!r}")
    return value
