"""The result page: well formed, safe whatever the names, and at rest without a network."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from lookalike.errors import UsageError
from lookalike.results import Results
from lookalike.views.html import fragment, page, write_page

Answer = Callable[..., Results]

VOID = {"meta", "img", "br", "link", "rect", "path"}


class Tree(HTMLParser):
    """Checks that tags are balanced, and gathers elements and texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(text for text in self.texts if text)


def test_page_shows_the_answer(answer: Answer, photo: bytes) -> None:
    results = answer(
        attributes={"colour": "red", "tags": ["sea", "sun"], "price": 12.5},
        query_pictures=[photo],
        notices=["an exact scan"],
    )
    tree = Tree(page(results))
    assert tree.all("html") == [{"lang": "en"}]
    assert len(tree.all("img")) == 1 + len(results)
    for picture in tree.all("img"):
        assert picture["alt"]
        assert picture["src"].startswith("data:image/jpeg;base64,")
    for expected in (
        "lake.jpg · 7 hits in 34 ms · lookalike",
        "7 hits by clip-vit-b-16 · decode 2.2 ms, encode 31 ms, search 0.4 ms",
        "an exact scan",
        "identical",
        "copy",
        "0.950",
        "colour red",
        "tags sea, sun",
        Path(results[3].uri).name,
    ):
        assert expected in tree.text, expected
    links = [link["href"] for link in tree.all("a")]
    assert links == [Path(hit.uri).as_uri() for hit in results]
    assert {link["title"] for link in tree.all("a")} == {hit.uri for hit in results}


def test_page_needs_no_network_and_no_script(
    answer: Answer, photo: bytes, hostile: tuple[str, ...]
) -> None:
    text = page(answer([*hostile], query_pictures=[photo]))
    tree = Tree(text)
    policy = [m["content"] for m in tree.all("meta") if "http-equiv" in m]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert tree.all("script") == tree.all("link") == tree.all("iframe") == []
    assert "url(" not in text
    assert "@import" not in text
    for tag, attributes in tree.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "srcset", "poster", "data", "action"):
            assert attributes.get(name, "data:image/").startswith("data:image/"), (tag, attributes)


def test_hostile_names_are_text(answer: Answer, hostile: tuple[str, ...]) -> None:
    results = answer(
        [*hostile],
        query="</title><script>alert(1)</script>",
        attributes={'"><script>': "</dd><script>alert(1)</script>"},
    )
    tree = Tree(page(results))
    assert tree.all("script") == []
    assert "</title><script>alert(1)</script>" in tree.text
    assert "<script>alert(1)<b>.jpg" in tree.text
    assert "it's & \\x1b[31mred\\n.jpg" in tree.text
    assert "\u202e" not in tree.text
    hrefs = [link["href"] for link in tree.all("a")]
    assert [href.partition(":")[0] for href in hrefs] == ["file"] * 4 + ["https"]


def test_missing_pictures_say_why(answer: Answer, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    uris = ["/nowhere/gone.jpg", str(broken), str(folder), "id:7", "https://example.org/a.jpg"]
    tree = Tree(page(answer(uris)))
    assert tree.all("img") == []
    for reason in (
        "the file is gone",
        "not a file any more",
        "no file belongs to this record",
        "on the web",
    ):
        assert reason in tree.text


def test_a_damaged_query_picture_leaves_a_place(answer: Answer) -> None:
    tree = Tree(page(answer(2, query_pictures=[b"no picture"])))
    assert "Query picture" in tree.text
    assert len(tree.all("img")) == 2


def test_several_answers_on_one_page(answer: Answer) -> None:
    tree = Tree(page([answer(2, query="one"), answer(0, query="two"), answer(3, query="three")]))
    assert [s["id"] for s in tree.all("section")] == ["search-1", "search-2", "search-3"]
    jumps = [a["href"] for a in tree.all("a") if a["href"].startswith("#")]
    assert jumps == ["#search-1", "#search-2", "#search-3"]
    assert "3 searches · lookalike" in tree.text
    assert "Nothing found." in tree.text


def test_the_path_of_a_query_is_shown_as_its_name(answer: Answer, photo: bytes) -> None:
    one = answer(1, query="/home/me/pictures/lake.jpg", query_pictures=[photo])
    assert "/home/me" not in Tree(page(one)).text
    mixed = '/home/me/lake.jpg + "at night"'
    assert mixed in Tree(page(answer(1, query=mixed, query_pictures=[photo]))).text


def test_pictures_are_small(answer: Answer, tmp_path: Path) -> None:
    Image.effect_noise((3000, 2000), 40).convert("RGB").save(tmp_path / "large.jpg", quality=90)
    text = page(answer([str(tmp_path / "large.jpg")]))
    [picture] = Tree(text).all("img")
    assert (picture["width"], picture["height"]) == ("448", "299")
    assert len(text) < 250_000


def test_write_page(answer: Answer, tmp_path: Path) -> None:
    path = write_page(answer(1, query="\udcff日本"), tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    assert "\\udcff日本" in Tree(path.read_text(encoding="utf-8")).text
    with pytest.raises(UsageError, match="there is no folder"):
        write_page(answer(1), tmp_path / "gone" / "page.html")


def test_fragment_is_no_page(answer: Answer) -> None:
    text = fragment(answer(2))
    tree = Tree(text)
    assert [tag for tag, _ in tree.elements if tag in {"html", "head", "body", "title"}] == []
    assert len(tree.all("img")) == 2
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    rules = re.sub(r"@media[^{]*\{|/\*.*?\*/", "", style[1])
    for selector in re.findall(r"([^{}]+)\{", rules):
        assert selector.strip().startswith(".lookalike"), "a rule would reach the whole notebook"
    assert answer(2)._repr_html_() == text


def test_a_label_stands_under_each_picture_alone(answer: Answer) -> None:
    results = answer(6, attributes={"prod_name": "Strap <top>", "price": 9.99, "left": None})
    tree = Tree(page(results.labelled("prod_name")))
    assert tree.text.count("Strap <top>") == 6
    assert tree.all("dl") == []
    assert all(Path(hit.uri).name not in tree.text for hit in results)
    assert {link["title"].partition("\n")[2] for link in tree.all("a")} == {
        "prod_name: Strap <top>\nprice: 9.99"
    }
    assert "Strap &lt;top&gt;" in results.labelled("prod_name")._repr_html_()
    # Without such an attribute the file's name is still better than nothing.
    assert Path(results[0].uri).name in Tree(page(results.labelled("none"))).text


def test_many_attributes_do_not_bury_the_pictures(answer: Answer) -> None:
    tree = Tree(page(answer(1, attributes={f"field{n}": n for n in range(25)})))
    assert len(tree.all("dt")) == 6
    (link,) = tree.all("a")
    assert link["title"].endswith("field24: 24")


def test_a_row_has_five_pictures(answer: Answer) -> None:
    for text in (page(answer(7)), fragment(answer(7))):
        assert "--columns: 5" in text
