"""The parts of the search for copies, each alone."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from lookalike import copies
from lookalike.collection import Collection
from lookalike.copies import proving
from lookalike.copies.descriptor import looked
from lookalike.copies.effort import reach
from lookalike.copies.evidence import Evidence, HashDistance, Likeness, Look
from lookalike.copies.hashing import hashes_of
from lookalike.copies.orientation import ORIENTATIONS, turned, turned_array, words
from lookalike.copies.picture import QueryPicture
from lookalike.copies.picture import given as given_picture
from lookalike.copies.proving import proved
from lookalike.copies.reading import decode_record, read_record
from lookalike.copies.reasons import Borders, by_match, reason
from lookalike.copies.region import box_of, place_of
from lookalike.copies.steps import Steps
from lookalike.copies.views import View
from lookalike.encoders import registry
from lookalike.errors import PictureError, ZeroEmbeddingError
from lookalike.proof import available
from lookalike.records import EncoderSpec, Match, Record, Verdict

needs_opencv = pytest.mark.skipif(not available(), reason="the extra proof is not installed")

ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def match(**changes: Any) -> Match:
    fields: dict[str, Any] = {
        "inliers": 50,
        "query_share": 1.0,
        "record_share": 0.61,
        "query_region": ALL,
        "record_region": ALL,
        "mirrored": False,
        "inverted": False,
        "rotation": 0.0,
        "scale": 1.0,
        "score": 0.999,
    }
    return Match(**{**fields, **changes})


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6)),
    st.sampled_from(ORIENTATIONS),
)
def test_pixels_turn_as_pictures_do(pixels: Any, orientation: int) -> None:
    image = turned(Image.fromarray(pixels), orientation)
    assert np.array_equal(np.asarray(image), turned_array(pixels, orientation))


def test_the_orientations_are_eight() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    turns = {turned_array(pixels, way).tobytes() + bytes([way & 1]) for way in ORIENTATIONS}
    assert len(turns) == 8
    assert words(0) == ""
    assert all(words(way) for way in ORIENTATIONS[1:])


@pytest.mark.parametrize("name", ["phash", "pdq", "ahash", "dhash", "whash"])
def test_hashes_of_turned_pictures(collection: Collection, original: Path, name: str) -> None:
    """Turning what the hash looks at gives nearly the bits of the turned picture."""
    encoder = registry.load(name)
    query = given_picture(original, min_side=encoder.min_side)
    assert query.image is not None
    found = hashes_of(collection._store, encoder, query, reach())
    at = dict(zip(found.looks, found.rows, strict=True))
    assert len(at) == 16
    for way in ORIENTATIONS:
        (own,) = encoder.encode_images([turned(query.image, way)])
        apart = int(np.bitwise_count(own ^ at[Look(way)]).sum())
        # The windows of the resizing are rounded otherwise, by a bit or two of 64.
        assert apart <= encoder.spec.size // 16, f"orientation {way}: {apart} bits"


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0.0, 0.6, 0.4, 1.0), "at the lower left"),
        ((0.6, 0.0, 1.0, 0.4), "at the upper right"),
        ((0.0, 0.3, 0.3, 0.7), "on the left"),
        ((0.3, 0.7, 0.7, 1.0), "at the bottom"),
        ((0.25, 0.25, 0.75, 0.75), "in the middle"),
    ],
)
def test_places_in_words(box: tuple[float, float, float, float], place: str) -> None:
    assert place_of(box) == place


def test_corners_outside_the_picture_are_cut_off() -> None:
    assert box_of(((-0.1, 0.2), (0.5, -0.3), (0.4, 1.4), (0.1, 0.5))) == (0.0, 0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("changes", "words_"),
    [
        ({"mirrored": True}, "mirrored, 61 % of the picture matches"),
        ({"rotation": -179.0, "inverted": True}, "upside down, colours inverted, 61 % of the"),
        ({"rotation": 20.2}, "turned by 20° to the right, 61 %"),
        (
            {
                "query_share": 0.06,
                "record_share": 1.0,
                "query_region": ((0.1, 0.7), (0.35, 0.7), (0.35, 0.95), (0.1, 0.95)),
            },
            "found inside the picture: region at the lower left, 25 % of its width",
        ),
        (
            {
                "query_share": 0.1,
                "record_share": 0.5,
                "query_region": ((0.0, 0.0), (1.0, 0.0), (1.0, 0.1), (0.0, 0.1)),
            },
            "50 % of it found inside the picture: region at the top, 10 % of its height",
        ),
    ],
)
def test_matches_in_words(changes: dict[str, Any], words_: str) -> None:
    assert by_match(match(**changes)).startswith(words_)


def test_the_strongest_reason_is_given() -> None:
    near = HashDistance(3, 64, Look(trimmed=True))
    alike = Likeness("sscd-distilled", 0.83, 0.7, Look(4, (0.5, 0.5, 1.0, 1.0)))
    everything = Evidence(hashes={"phash": near}, likeness=alike, match=match())

    def why(
        evidence: Evidence, verdict: Verdict = Verdict.COPY, border: str | None = "black"
    ) -> str:
        return reason(verdict, evidence, Borders(border, "white"), copy_radius=8)

    assert why(Evidence(same_bytes=True, same_pixels=True), Verdict.IDENTICAL) == "same bytes"
    assert why(everything) == "pHash distance 3 after trimming a black border"
    assert why(everything, border=None) == "pHash distance 3 after trimming a plain border"
    assert why(Evidence(likeness=alike, match=match())) == "61 % of the picture matches"
    assert why(Evidence(likeness=alike)) == (
        "sscd-distilled 0.83, mirrored, region at the lower right, 50 % of its width"
    )
    assert why(Evidence(likeness=alike, unproved="the file is gone")).endswith(
        "(no proof: the file is gone)"
    )
    assert why(Evidence(hashes={"phash": HashDistance(20, 64)}), Verdict.SIMILAR) == (
        "pHash distance 20"
    )
    half = match(record_share=1.0, agreement=0.47)
    assert why(Evidence(match=half)) == "47 % of the picture matches"
    nothing = Evidence(likeness=alike, proved=True)
    assert why(nothing, Verdict.SIMILAR).endswith("(proof found no common features)")
    plain = Evidence(hashes={"phash": HashDistance(4, 64)}, plain=True)
    assert why(plain, Verdict.SIMILAR) == "pHash distance 4, but the picture is mostly plain"
    askew = HashDistance(4, 64, Look(4, (0.1, 0.0, 0.9, 1.0), trimmed=True, straightened=-5.2))
    assert why(Evidence(hashes={"phash": askew})) == (
        "pHash distance 4 after turning it back by 5°, mirrored"
    )
    tilted = HashDistance(4, 64, Look(straightened=0.3))
    assert why(Evidence(hashes={"phash": tilted})) == "pHash distance 4 after straightening it"
    stored = HashDistance(2, 64, record_trimmed=True)
    assert why(Evidence(hashes={"phash": stored})).endswith("the stored picture's white border")
    flat = Evidence(hashes={"phash": HashDistance(0, 64, flat=True)}, likeness=alike)
    assert why(flat).startswith("sscd-distilled")


class Blind:
    """An encoder that sees nothing in black, as models without biases do."""

    spec = EncoderSpec("blind", "embedding", 3)

    def prepare(self, picture: Image.Image) -> Any:
        return np.asarray(picture, np.float32).mean(axis=(0, 1))

    def encode_prepared(self, batch: Any) -> Any:
        rows = np.array(batch, np.float32).reshape(-1, 3)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not lengths.all():
            raise ZeroEmbeddingError("zero", np.flatnonzero(lengths == 0).tolist())
        return rows / lengths


def test_views_in_which_an_encoder_sees_nothing_are_left_out() -> None:
    colours = ("red", "black", "blue", "black")
    ways = [View(colour, Image.new("RGB", (8, 8), colour)) for colour in colours]
    looks = [Look(orientation) for orientation in range(4)]
    found = looked(Blind(), ways, looks)  # type: ignore[arg-type]
    assert found.looks == (Look(0), Look(2))
    assert found.rows.tolist() == [[1, 0, 0], [0, 0, 1]]
    nothing = looked(Blind(), ways[1:2], looks[:1])  # type: ignore[arg-type]
    assert nothing.rows.shape == (0, 3)


def test_steps_add_up() -> None:
    steps = Steps()
    with steps("one"):
        time.sleep(0.002)
    with pytest.raises(ValueError, match="x"), steps("two"):
        raise ValueError("x")
    before = steps.ms["one"]
    with steps("one"):
        time.sleep(0.002)
    assert list(steps.ms) == ["one", "two"]
    assert steps.ms["one"] > before


def test_an_effort_is_all_or_nothing_but_for_what_is_said() -> None:
    assert reach("full").proof
    assert not reach("full").sure_ones
    assert reach("quick", proof=True).sure_ones
    quick = reach("quick", regions=True)
    assert quick.regions
    assert not any([quick.orientations, quick.proof, quick.inverted])


def test_why_a_record_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    for uri, why in (
        ("swatch:teal", "no file belongs"),
        (str(tmp_path / "gone.jpg"), "the file is gone"),
        (str(folder), "folder"),
        ("http://127.0.0.1:1/x.jpg", "private or reserved"),
    ):
        with pytest.raises(PictureError, match=why):
            read_record(Record(1, uri), timeout=1)
    with pytest.raises(PictureError, match="changed after it was indexed"):
        read_record(Record(1, str(broken), sha256=bytes(32)), timeout=1)
    with pytest.raises(PictureError, match="JPEG"):
        decode_record(Record(1, str(broken)), min_side=64, timeout=1)


@needs_opencv
def test_proofs_end_in_time(monkeypatch: pytest.MonkeyPatch, original: Path) -> None:
    release = threading.Event()

    def slow(*_arguments: Any, **_options: Any) -> Image.Image:
        release.wait(20)
        return Image.open(original).convert("RGB")

    monkeypatch.setattr(proving, "decode_record", slow)
    monkeypatch.setattr(proving, "PROOF_SECONDS", 0.2)
    query = QueryPicture("q", image=Image.open(original).convert("RGB"))
    candidates = {
        id_: (Record(id_, str(original)), Evidence(likeness=Likeness("x", 0.6, 0.6)))
        for id_ in range(4)
    }
    try:
        found = proved(query, candidates)
    finally:
        release.set()
    assert {evidence.unproved for _, evidence in found.values()} == {"there was no time for it"}


@needs_opencv
def test_only_what_is_open_is_proved(monkeypatch: pytest.MonkeyPatch, original: Path) -> None:
    read: list[int] = []

    def reading(record: Record, **_options: Any) -> Image.Image:
        read.append(record.id)
        raise PictureError("not read here")

    monkeypatch.setattr(proving, "decode_record", reading)
    query = QueryPicture("q", image=Image.open(original).convert("RGB"))
    near = {"phash": HashDistance(0, 64)}
    candidates = {
        1: (Record(1, "a"), Evidence(same_bytes=True)),
        2: (Record(2, "b"), Evidence(same_pixels=True)),
        3: (Record(3, "c"), Evidence(likeness=Likeness("sscd-distilled", 0.6, 0.6))),
        4: (Record(4, "d"), Evidence(likeness=Likeness("sscd-distilled", 0.01, 0.01))),
        5: (Record(5, "e"), Evidence(hashes=near, likeness=Likeness("sscd-distilled", 1.0, 1.0))),
    }
    found = proved(query, candidates)
    assert read == [3]
    assert found[3][1].unproved == "not read here"
    read.clear()
    proved(query, candidates, sure_ones=True)
    assert sorted(read) == [3, 5]
    read.clear()
    proved(query, candidates, copy_radius=-1)
    assert sorted(read) == [3, 5]


@needs_opencv
def test_the_overlay_of_a_hit(collection: Collection, original: Path) -> None:
    cut = Image.open(original).crop((60, 40, 400, 250))
    results = collection.copies(cut)
    drawn = copies.overlay(results.query_pictures[0], results[0])
    assert drawn.mode == "RGB"
    assert drawn.width > 500
    settled = collection.copies(original)
    assert settled[0].match is None
    assert copies.overlay(original, settled[0]).size
    with pytest.raises(PictureError, match="nothing that is the same"):
        copies.overlay(original, settled[-1])
