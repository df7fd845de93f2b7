"""What a caller hands over, checked and turned into what the parts take."""

import hashlib
import operator
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

from lookalike import filters
from lookalike.attributes import check_text
from lookalike.errors import UsageError
from lookalike.records import MAX_ID, AttributeKind

if TYPE_CHECKING:
    from lookalike.filters import Filter
    from lookalike.ingest import Item


def condition(
    where: "str | Filter | None", within: str | PathLike[str] | None, tenant: str | None
) -> "Filter | None":
    """One filter of the three that may be given; None when there is none of them.

    Raises:
        UsageError: an expression that cannot be read, or arguments of another type.
    """
    if where is None and within is None and tenant is None:
        return None
    from lookalike.sources import uri

    checked(within, PATH | None, "within is the path of a folder")
    if within is not None and not uri.is_url(str(within)):
        within = uri.from_path(within)
    if where is not None and not isinstance(where, str | filters.Filter):
        raise UsageError(f"where is a filter expression, not {type(where).__name__}")
    return filters.all_of(
        filters.tenant_is(text_of(tenant, "tenant")) if tenant is not None else None,
        filters.uri_within(str(within)) if within is not None else None,
        filters.parse(where) if isinstance(where, str) else where,
    )


PATH: Any = str | PathLike
"""What a path may be given as."""


def checked(value: Any, kinds: Any, rule: str) -> Any:
    """A value as it stands, if `isinstance` says that it is of these kinds.

    Raises:
        UsageError: it is not; the message is the rule, such as "a limit is a whole number", and
            what was given.
    """
    if not isinstance(value, kinds):
        raise UsageError(f"{rule}, not {type(value).__name__}")
    return value


def digest_of(text: str) -> "tuple[Literal['md5', 'sha256'], bytes]":
    """Which digest of a file's bytes hexadecimal digits are, and the digest.

    Raises:
        UsageError: they are not 32 or 64, or no hexadecimal digits.
    """
    checked(text, str, "a digest is a text of hexadecimal digits")
    if _DIGEST.fullmatch(text) is None:
        raise UsageError(
            f"a digest is an MD5 of 32 or a SHA-256 of 64 hexadecimal digits, not {text[:80]!r}"
        )
    return ("md5" if len(text) == _MD5_DIGITS else "sha256"), bytes.fromhex(text)


def is_digest(text: str) -> bool:
    """Whether a text can be an MD5 or a SHA-256."""
    return _DIGEST.fullmatch(text) is not None


_MD5_DIGITS = 32
_DIGEST = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{64}", re.ASCII)


def encoder_names(value: Any) -> list[str]:
    """Encoders by name: one, a list, or a text with commas between; UsageError for others."""
    rule = "encoders are named by a text, or a list of texts"
    given = value.split(",") if isinstance(value, str) else checked(value, Iterable, rule)
    names = [checked(name, str, rule).strip() for name in given]
    return [name for name in names if name]


def declared_kinds(attributes: Any) -> "dict[str, AttributeKind]":
    """Attributes with what they hold: number, text or boolean; UsageError for others."""
    rule = "declared attributes are a mapping of names to number, text or boolean"
    for name, kind in checked(attributes, Mapping, rule).items():
        text_of(name, "name of an attribute")
        if kind not in get_args(AttributeKind):
            raise UsageError(f"{rule}, and {name} is {kind!r}")
    return dict(attributes)


def text_of(value: Any, what: str) -> str:
    """A text as it stands; UsageError when it is none, or holds what no text can."""
    if not isinstance(value, str):
        raise UsageError(f"the {what} is a text, not {type(value).__name__}")
    check_text(value, f"the {what}")
    return value


def record_ids(ids: Any) -> "list[int]":
    """Ids as Python integers, those that no record can have left out; UsageError for others."""
    try:
        numbers = [operator.index(each) for each in ids]
    except TypeError as error:
        raise UsageError(f"an id is an integer: {error}") from None
    return [number for number in numbers if 0 <= number <= MAX_ID]


def item(picture: Any, uri: str | None) -> "Item":
    """A picture in memory as ingest takes it; its name is `uri`, or its digest."""
    from lookalike.ingest import Item
    from lookalike.picture_input import PictureInput

    data = PictureInput.of(picture).read()
    name = uri if uri is not None else f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Item(text_of(name, "uri"), data)
