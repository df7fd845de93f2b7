"""What pymilvus and grpc raise, told as our own errors: which server, doing what, what to do."""

import re
import socket
from typing import Any

from lookalike.errors import LookalikeError, StoreError, UsageError
from lookalike.stores.milvus.address import TOKEN_VARIABLE, MilvusAddress

_RATE_LIMIT, _FORCE_DENY = 8, 9
_PASSING = re.compile(
    r"not ready|no available|not available|node not match|NodeNotMatch|NotShardLeader"
    r"|shard leader|not healthy|is not serving|service unavailable|node offline|\blease"
    r"|channel not found|NodeNotFound|fail connecting|fail to get shard|try again|etcd"
    r"|fully loaded|timestamp lag",
    re.IGNORECASE,
)
_NOT_LOADED = re.compile(r"not loaded|has not been loaded|not fully loaded", re.IGNORECASE)
_DENIED = re.compile(r"quota|force deny|no space left|disk.*(full|exhausted)", re.IGNORECASE)
_NO_DATABASE = re.compile(
    r"database(?:\s*(?::\s*\S+|\[[^\]]*\]))? (?:not (?:found|exist)|does not exist)", re.IGNORECASE
)
_NO_TABLE = re.compile(r"collection not found|can't find collection", re.IGNORECASE)
_NO_INDEX = re.compile(r"no vector index|index not found", re.IGNORECASE)
_NO_ENTRY = re.compile(r"auth check failure|unauthenticated|permission", re.IGNORECASE)


def passes(error: Exception) -> bool:
    """Whether the same call may succeed a little later."""
    error = _behind(error)
    code = _grpc_code(error)
    if code is not None:
        return code == "UNAVAILABLE"
    if getattr(error, "code", None) == _RATE_LIMIT or getattr(error, "retriable", False):
        return True
    text = _text(error)
    return _PASSING.search(text) is not None and _NOT_LOADED.search(text) is None


def told(
    error: Exception, operation: str, address: MilvusAddress, seconds: float
) -> LookalikeError:
    """The error to raise in place of another."""
    error = _behind(error)
    start = f"Milvus at {address.server} "
    code, text = _grpc_code(error), _text(error)
    if code == "DEADLINE_EXCEEDED" or "deadline exceeded" in text.lower():
        return NoAnswerError(
            f"{start}did not {operation} within {seconds:g} s: see that it is well and not "
            "overloaded, or give it longer with ?timeout=SECONDS in the address."
        )
    if code == "UNAVAILABLE" or "Fail connecting" in text or "Retry timeout" in text:
        if not _is_known(address.host):
            return NoAnswerError(
                f"{start}does not answer (asked to {operation}): the name {address.host} cannot be "
                "resolved. See that it is written right, and that this machine looks up names."
            )
        if address.tls:
            return NoAnswerError(
                f"{start}does not answer over TLS (asked to {operation}): the server may not speak "
                "it, then leave ?tls=1 out of the address; else see that the server runs, and that "
                "host, port and certificate are right."
            )
        return NoAnswerError(
            f"{start}does not answer (asked to {operation}): see that the server runs, and that "
            "host, port and ?tls= of the address are right."
        )
    if code in {"UNAUTHENTICATED", "PERMISSION_DENIED"} or _NO_ENTRY.search(text):
        return StoreError(
            f"{start}does not let this user {operation}: put a token, or USER:PASSWORD, into "
            f"{TOKEN_VARIABLE}, or ask for the right."
        )
    if _NO_DATABASE.search(text):
        return no_database(address)
    if _NO_TABLE.search(text):
        return GoneError(
            f"{start}could not {operation}: that table is gone, somebody dropped it. If it holds "
            "the vectors of an encoder, `lookalike rebuild` makes it again, and `lookalike index` "
            "on the pictures fills it; `lookalike info` says which it is."
        )
    if _NO_INDEX.search(text):
        return StoreError(
            f"{start}has no index to {operation} with: changing it was stopped half-way; "
            "`lookalike rebuild` makes it again."
        )
    if getattr(error, "code", None) in {_RATE_LIMIT, _FORCE_DENY} or _DENIED.search(text):
        return StoreError(
            f"{start}refuses to {operation} ({_short(text)}): it is short of disk or memory, or "
            "a quota is used up; free some, then go on where this stopped."
        )
    return StoreError(f"{start}could not {operation}: {_short(text)}")


def no_database(address: MilvusAddress) -> UsageError:
    """The error of an address whose database is not there."""
    return UsageError(
        f"Milvus at {address.server} has no database {address.database!r}: see that it is written "
        "right, make it, or leave ?database= out."
    )


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (socket.gaierror, UnicodeError):
        return False
    return True


class GoneError(UsageError):
    """A table is not there; trying again does not help."""


class NoAnswerError(StoreError):
    """The server does not answer, or not in time."""


def is_not_loaded(error: BaseException) -> bool:
    """Whether a read failed because the table is not loaded."""
    return _NOT_LOADED.search(str(error)) is not None


def version_of(text: str) -> tuple[int, int, int]:
    """The server's version as numbers; what cannot be read is taken for a new one."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found is None:
        return (9, 0, 0)
    return (int(found[1]), int(found[2]), int(found[3] or 0))


def _behind(error: Exception) -> Exception:
    """What pymilvus calls a failed connection, whatever it failed by."""
    cause = error.__cause__
    if isinstance(cause, Exception) and _grpc_code(cause) == "UNAUTHENTICATED":
        return cause
    return error


def _grpc_code(error: Exception) -> str | None:
    code: Any = getattr(error, "code", None)
    code = code() if callable(code) else code
    return getattr(code, "name", None) if not isinstance(code, int) else None


def _text(error: Exception) -> str:
    details = getattr(error, "details", None)
    if callable(details):
        return str(details() or error)
    return str(getattr(error, "message", None) or error)


def _short(text: str) -> str:
    """A server's message without its trace."""
    return text.partition("\n")[0].partition(", code=")[0].strip(" .")[:300]
