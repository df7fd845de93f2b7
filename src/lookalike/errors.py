"""The one exception tree.

Every message says what was wrong, with which input, and what to do about it. The command turns
each branch into an exit status: `UsageError` 2, `EnvironmentFailure` 3, the rest 1.
"""

from collections.abc import Sequence


class LookalikeError(Exception):
    """Base of every error that lookalike raises on purpose."""


class UsageError(LookalikeError):
    """The call itself is wrong: an argument, a name or a combination that cannot work."""


class FilterError(UsageError):
    """A filter expression cannot be parsed, or asks for what the store cannot do."""


class DescriptionError(UsageError):
    """The description of a model of one's own cannot be used; the message has several lines."""


class UnknownEncoderError(UsageError):
    """No encoder of that name is known, or the collection does not have it."""


class NotFoundError(UsageError):
    """No record, collection or file of that name."""


class PictureError(LookalikeError):
    """One picture cannot be used: unreadable, broken, too large or not a picture."""


class FetchError(PictureError):
    """What a picture's URL leads to cannot be had, or cannot be used."""


class RefusedUrlError(FetchError, UsageError):
    """The URL itself is malformed, or leads to where nothing is fetched from."""


class EnvironmentFailure(LookalikeError):  # noqa: N818 - the base of errors that are not the caller's
    """The surroundings failed: a model, the engine, the disk or the network."""


class NetworkError(FetchError, EnvironmentFailure):
    """The network, or the server at the other end, failed; the same URL may work later."""


class WeightsError(EnvironmentFailure):
    """A model's weights cannot be had, or are not the ones expected."""


class ZeroEmbeddingError(WeightsError):
    """A model gave zeros, which no direction can be made of; `rows` says for which inputs."""

    def __init__(self, message: str, rows: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.rows = tuple(rows)


class MissingExtraError(EnvironmentFailure):
    """A package that only an extra installs is not there; the message names the extra."""


class StoreError(EnvironmentFailure):
    """The store failed: the disk, the catalogue's schema or the engine."""


class CollectionLockedError(StoreError):
    """Another process has the collection open for writing; the message names its pid."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid
