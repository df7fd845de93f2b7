"""Tables as they come: delimiters, encodings, quotes, broken files."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from lookalike.errors import UsageError
from lookalike.sources.table_readers import Row, Table


def table(folder: Path, data: bytes, name: str = "t.csv") -> Table:
    path = folder / name
    path.write_bytes(data)
    return Table(path)


def test_csv_rows_are_numbered_as_in_a_spreadsheet(tmp_path: Path) -> None:
    found = table(tmp_path, b'id,name\r\n01,"a ""b"",\r\nc"\r\n\r\n02,\r\n')
    assert found.columns == ("id", "name")
    assert list(found.rows()) == [
        Row(2, {"id": "01", "name": 'a "b",\r\nc'}),
        Row(4, {"id": "02", "name": None}),
    ]
    assert [row.values for row in found.rows(["id"])] == [{"id": "01"}, {"id": "02"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_part_of_the_first_name(tmp_path: Path, encoding: str) -> None:
    found = table(tmp_path, "id,größe\n1,ä\n".encode(encoding))
    assert list(found.rows()) == [Row(2, {"id": "1", "größe": "ä"})]


def test_a_table_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    good = b"".join(b"%d,x\n" % n for n in range(5000))
    with pytest.raises(UsageError, match=r"line 5002 is not UTF-8.*iconv"):
        list(table(tmp_path, b"id,name\n" + good + "1,gr\xfc\xdfe\n".encode("latin-1")).rows())


def test_other_delimiters(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pass --delimiter ';'"):
        table(tmp_path, b"id;name\n1;a\n")
    assert Table(tmp_path / "t.csv", delimiter=";").columns == ("id", "name")
    assert table(tmp_path, b"id\tname\n1\ta\n", "t.tsv").columns == ("id", "name")
    with pytest.raises(UsageError, match="one character"):
        Table(tmp_path / "t.csv", delimiter="::")


def test_rows_of_another_length_are_complained_about(tmp_path: Path) -> None:
    rows = list(table(tmp_path, b"id,name\n1\n2,b,c\n3,d\n").rows())
    assert [bool(row.complaint) for row in rows] == [True, True, False]
    assert rows[1].complaint == "it has 3 fields, the header 2"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"id,id\n1,2\n", "two columns are called 'id'"),
        (b'id,name\n1,"open\n' + b"x" * 200_000, "quote left open"),
        (b'id,name\n1,"a"b\n', "row 2"),
    ],
)
def test_broken_csv_is_an_error_in_words(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        list(table(tmp_path, data).rows())


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    # As pandas writes its index.
    assert list(table(tmp_path, b",id\n0,7\n").rows()) == [Row(2, {"id": "7"})]


def test_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(b"id,name\n1,a\n")
    assert len(list(table(tmp_path, packed, "t.csv.gz").rows())) == 1
    with pytest.raises(UsageError, match="gzip"):
        list(table(tmp_path, packed[:-9], "t.csv.gz").rows())


def test_json_lines(tmp_path: Path) -> None:
    lines = [b'{"id": 7, "tags": ["a"]}', b"", b"[1]", b"{", b'{"id": "8", "x": null}']
    rows = list(table(tmp_path, b"\n".join(lines), "t.jsonl").rows())
    assert [row.number for row in rows] == [1, 3, 4, 5]
    assert rows[0].values == {"id": 7, "tags": ["a"]}
    assert rows[1].complaint == "it is no JSON object"
    assert rows[2].complaint.startswith("it is no JSON")


def test_parquet_by_row_groups(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    columns = {
        "id": [1, 2, 3],
        "price": [Decimal("1.5"), Decimal("2"), None],
        "d": [["a"], [], None],
    }
    parquet.write_table(pa.table(columns), path, row_group_size=2)
    found = Table(path)
    assert found.columns == ("id", "price", "d")
    rows = list(found.rows())
    assert rows[0] == Row(1, {"id": 1, "price": 1.5, "d": ["a"]})
    assert rows[1].values["price"] == 2
    assert list(rows[2].values.values()) == [3, None, None]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="no Parquet file"):
        Table(path)


def test_times_of_parquet_finer_or_later_than_python_knows(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    fine = pa.array([1_500, None, 1], pa.timestamp("ns"))
    late = pa.array([0, 2**31 - 1, 1], pa.date32())
    parquet.write_table(pa.table({"id": [1, 2, 3], "fine": fine, "late": late}), path)
    rows = list(Table(path).rows())
    assert rows[0].values == {"id": 1, "fine": "1970-01-01T00:00:00.000001", "late": "1970-01-01"}
    assert "a value cannot be read" in rows[1].complaint
    assert rows[2].values["late"] == "1970-01-02"


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table of a known kind"):
        table(tmp_path, json.dumps([1]).encode(), "t.xlsx")
    with pytest.raises(UsageError, match="no such file"):
        Table(tmp_path / "missing.csv")
