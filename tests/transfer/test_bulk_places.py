"""Where files lie for a server's bulk insert, and what the server calls them."""

from pathlib import Path

import pytest
from milvus_server import MilvusProcess

import lookalike
from lookalike.errors import UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.staging import Staged, Staging
from lookalike.transfer import copy

SHOP = MilvusAddress.parse("milvus://db/shop")


def test_a_folder_may_have_another_name_on_the_server(tmp_path: Path) -> None:
    assert Staging.parse(str(tmp_path)) == Staging(str(tmp_path), str(tmp_path))
    other = Staging.parse(f"{tmp_path}=/var/lib/milvus")
    assert other == Staging(str(tmp_path), "/var/lib/milvus")
    staged = Staged(other, SHOP, tmp_path / "scratch")
    assert staged.folder.parent == tmp_path
    file = staged.folder / "shop" / "0.parquet"
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    assert staged.sent(file) == f"/var/lib/milvus/{staged.folder.name}/shop/0.parquet"
    # The server is another user.
    assert file.parent.stat().st_mode & 0o005 == 0o005
    assert file.stat().st_mode & 0o004
    staged.remove()
    assert list(tmp_path.iterdir()) == []


def test_files_of_one_that_died_are_replaced(tmp_path: Path) -> None:
    first = Staged(Staging(str(tmp_path), str(tmp_path)), SHOP, tmp_path / "scratch")
    (first.folder / "shop").mkdir()
    again = Staged(Staging(str(tmp_path), str(tmp_path)), SHOP, tmp_path / "scratch")
    assert again.folder == first.folder
    assert list(again.folder.iterdir()) == []
    other = MilvusAddress.parse("milvus://db/other")
    assert Staged(Staging(str(tmp_path), ""), other, tmp_path).folder != first.folder


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    gone = Staging(str(tmp_path / "gone"), "")
    with pytest.raises(UsageError, match="cannot be made for a bulk insert"):
        Staged(gone, SHOP, tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Staging.parse(str(tmp_path / "nothing"))


def test_files_are_sent_to_a_bucket(tmp_path: Path) -> None:
    # Any file system of pyarrow's stands for the bucket's.
    bucket = tmp_path / "bucket"
    staged = Staged(Staging(bucket=f"file://{bucket}"), SHOP, tmp_path)
    file = staged.folder / "shop" / "0.parquet"
    file.parent.mkdir()
    file.write_bytes(b"rows")
    there = bucket / staged.folder.name / "shop" / "0.parquet"
    there.parent.mkdir(parents=True)
    # What comes after the bucket's name, which is the first part of a path of S3.
    assert staged.sent(file) == str(there).partition("/")[2]
    assert there.read_bytes() == b"rows"
    assert not file.exists()
    staged.remove()
    assert not there.exists()
    assert not staged.folder.exists()


def test_a_bucket_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nrecognized"):
        Staged(Staging(bucket="nothing://bucket"), SHOP, tmp_path)


def test_what_a_bulk_insert_cannot_do_is_refused(milvus: MilvusProcess, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with LocalStore.open(source) as store:
        store.add_encoder(EncoderSpec("phash", "hash", 64))
        store.upsert([Entry("file:///1.jpg")])
    address = milvus.address("bulk_refused") + "?tenancy=partitions"
    with pytest.raises(UsageError, match="partition for each tenant"):
        copy(source, address, bulk=str(tmp_path))
    with pytest.raises(UsageError, match="keeps the ids"):
        copy(source, address, bulk=str(tmp_path), ids="new")
    with lookalike.open(address) as opened:
        assert opened.encoders == ()
    with pytest.raises(UsageError, match="no Milvus server"):
        copy(source, tmp_path / "target", bulk=str(tmp_path))
    assert not (tmp_path / "target").exists()
