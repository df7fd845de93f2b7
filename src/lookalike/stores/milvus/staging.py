"""Where the files of a bulk insert lie: a folder or a bucket that the server sees too."""

import hashlib
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.errors import MissingExtraError, StoreError, UsageError
from lookalike.stores.milvus.address import MilvusAddress


@dataclass(frozen=True, slots=True)
class Staging:
    """Where files lie for a server to read them.

    `folder` is on this machine, and `seen_as` what the server calls it; or files are sent to a
    bucket, `s3://BUCKET/PREFIX?endpoint_override=HOST:PORT&scheme=http` in pyarrow's way, with the
    keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """

    folder: str = ""
    seen_as: str = ""
    bucket: str = ""

    @classmethod
    def parse(cls, text: str) -> "Staging":
        """`FOLDER`, `FOLDER=AS_THE_SERVER_SEES_IT` or `s3://...`.

        Raises:
            UsageError: there is no such folder.
        """
        if text.startswith("s3://"):
            return cls(bucket=text)
        folder, _, seen_as = text.partition("=")
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise UsageError(
                f"{folder}: there is no such folder for a bulk insert; name one that the server "
                "sees as well, or s3://BUCKET/PREFIX of its storage"
            )
        return cls(folder=str(path), seen_as=seen_as or str(path))


class Staged:
    """The folder of bulk inserts into one collection, and its files as the server calls them.

    It is gone at the end; what one that died left in it is gone at the beginning.
    """

    def __init__(self, staging: Staging, address: MilvusAddress, scratch: Path) -> None:
        """`scratch` is where files are written that are then sent to a bucket.

        Raises:
            UsageError: the bucket's address cannot be used, or the folder not be written to.
        """
        said = f"{address.server}/{address.database}/{address.name}"
        digest = hashlib.blake2b(said.encode(), digest_size=8).hexdigest()
        self._name = f"lookalike-{address.name[:100]}-{digest}"
        self._staging = staging
        self._bucket: Any = None
        self._prefix = ""
        if staging.bucket:
            self._bucket, self._prefix = _bucket(staging.bucket)
            self.folder = scratch / self._name
        else:
            self.folder = Path(staging.folder) / self._name
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir()
        except OSError as error:
            raise UsageError(
                f"{self.folder} cannot be made for a bulk insert ({error.strerror}): name a folder "
                "that both this user can write to and the server can read"
            ) from error
        # The server is another user.
        self.folder.chmod(0o755)

    def sent(self, file: Path) -> str:
        """Let the server have a file; returns what it calls it.

        Raises:
            StoreError: the bucket cannot be written to.
        """
        inside = file.relative_to(self.folder).as_posix()
        if self._bucket is None:
            file.parent.chmod(0o755)
            file.chmod(0o644)
            return f"{self._staging.seen_as.rstrip('/')}/{self._name}/{inside}"
        target = f"{self._prefix}/{self._name}/{inside}"
        try:
            with file.open("rb") as source, self._bucket.open_output_stream(target) as out:
                shutil.copyfileobj(source, out, 1 << 20)
        except OSError as error:
            raise StoreError(
                f"{target} cannot be written to the server's bucket ({error}): check its address "
                "and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        file.unlink()
        return target.partition("/")[2]

    def remove(self) -> None:
        """Remove the files, here and in the bucket."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._bucket is not None:
            # It is not there when nothing was sent.
            with suppress(OSError):
                self._bucket.delete_dir(f"{self._prefix}/{self._name}")


def _bucket(address: str) -> tuple[Any, str]:
    """The file system of an address of pyarrow's, and the path in it."""
    try:
        from pyarrow import fs
    except ImportError as error:
        raise MissingExtraError(
            "a bulk insert needs pyarrow: pip install 'lookalike[parquet]'"
        ) from error
    try:
        found, path = fs.FileSystem.from_uri(address)
    except (OSError, ValueError) as error:
        raise UsageError(f"{address.partition('@')[2] or address}: {error}") from error
    return found, path.rstrip("/")
