"""What is recognised as something to evaluate, and what is refused with which words."""

from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.evaluation import datasets


def test_a_folder_of_folders(labelled: Path) -> None:
    (labelled / "flowers" / "more").mkdir()
    picture = next((labelled / "flowers").glob("*.jpg"))
    picture.rename(labelled / "flowers" / "more" / picture.name)
    (labelled / "loose.jpg").write_bytes(b"x")
    data = datasets.read(labelled)
    assert (data.kind, data.classes) == ("classes", ("animals", "flowers", "moon"))
    assert np.bincount(data.labels).tolist() == [4, 4, 4]
    (lost,) = data.left_out
    assert lost.uri.endswith("loose.jpg")
    assert "of no class" in lost.reason


def test_a_limit_takes_as_many_of_each_class(labelled: Path) -> None:
    data = datasets.read(labelled, limit=7)
    assert np.bincount(data.labels).tolist() == [3, 2, 2]


def table(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def files(labelled: Path) -> list[str]:
    return [path.relative_to(labelled).as_posix() for path in sorted(labelled.rglob("*.jpg"))]


def test_captions_with_tabs_keep_their_quotation_marks(labelled: Path) -> None:
    one, other = files(labelled)[:2]
    path = table(labelled, "c.tsv", "caption\tfile", f'a "wren\t{one}', f"another\t{one}",
                 f"a cat, asleep\t{other}", "gone\tgone.jpg")  # fmt: skip
    data = datasets.read(path)
    assert (data.kind, data.captions) == ("captions", ('a "wren', "another", "a cat, asleep"))
    assert data.caption_rows.tolist() == [0, 0, 1]
    assert [lost.reason for lost in data.left_out] == ["there is no such file"]


def test_captions_with_commas_and_a_byte_order_mark(labelled: Path) -> None:
    one = files(labelled)[0]
    path = table(labelled, "c.csv", "\ufefffile,caption", f'{one},"a cat, asleep"')
    assert datasets.read(path).captions == ("a cat, asleep",)


def test_pairs_relative_to_a_folder(labelled: Path, tmp_path: Path) -> None:
    one, other, third = files(labelled)[:3]
    path = table(tmp_path, "p.csv", "a,b,same,note", f"{one},{other},1,", f"{one},{third},0,")
    data = datasets.read(labelled, pairs=path)
    assert data.pairs.tolist() == [[0, 1], [0, 2]]
    assert data.same.tolist() == [True, False]


def test_leaving_out_a_picture_leaves_out_what_is_about_it(labelled: Path) -> None:
    one, other, third = files(labelled)[:3]
    path = table(labelled, "p.csv", "a,b,same", f"{one},{other},1", f"{other},{third},0",
                 f"{one},{third},0")  # fmt: skip
    left = datasets.read(path).without({1: "broken"})
    assert (len(left.items), left.pairs.tolist(), left.same.tolist()) == (2, [[0, 1]], [False])
    assert left.left_out[-1].reason == "broken"
    path = table(labelled, "c.csv", "file,caption", f"{one},a", f"{other},b", f"{third},c")
    left = datasets.read(path).without({0: "broken"})
    assert (left.captions, left.caption_rows.tolist()) == (("b", "c"), [0, 1])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["x,y", "1,2"], "it needs file, caption or a, b, same"),
        ([""], "(none)"),
        (["file,caption", "gone.jpg,hello"], "t.csv names is there; not found in"),
        (["file,caption", "gone.jpg,"], "line 2: the caption is empty"),
        (["a,b,same", "gone.jpg,gone.jpg,1"], "for none of the pairs"),
        (
            ["a,b,same", *(f"{n}.jpg,0.jpg,1" for n in range(8))],
            ": 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 3 more",
        ),
        (["a,b,same", "x.jpg,y.jpg,maybe"], "line 2: same is 'maybe'"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, lines: list[str], words: str) -> None:
    path = table(tmp_path, "t.csv", *lines)
    with pytest.raises(UsageError, match=words.replace("(", r"\(").replace(")", r"\)")):
        datasets.read(path)


def test_pairs_of_one_kind_only(labelled: Path) -> None:
    one, other = files(labelled)[:2]
    with pytest.raises(UsageError, match="all of one kind"):
        datasets.read(table(labelled, "p.csv", "a,b,same", f"{one},{other},1"))
    path = table(labelled, "p.csv", "a,b,same", f"{one},{other},1", f"{one},gone.jpg,0")
    with pytest.raises(UsageError, match=r"all of one kind.*not found in .*: gone\.jpg$"):
        datasets.read(path)


def test_folders_that_cannot_be_used(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        datasets.read(tmp_path / "gone")
    with pytest.raises(UsageError, match="no picture in a sub-folder"):
        datasets.read(photos / "moon")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="only one class, 'a'"):
        datasets.read(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "y.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="no class has two pictures"):
        datasets.read(tmp_path)
    with pytest.raises(UsageError, match="at least 2"):
        datasets.read(tmp_path, limit=1)
