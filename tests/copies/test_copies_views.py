"""The ways a query is looked at, the background of scores, and the judge."""

import json
import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookalike.copies.evidence import Evidence, HashDistance, Likeness, Look
from lookalike.copies.judge import CURVES, curve_name, judge, parts
from lookalike.copies.normalise import NEAREST, SHARE, Background, background
from lookalike.copies.views import WHOLE, View, views
from lookalike.encoders import registry
from lookalike.encoders.base import TakesAnySide
from lookalike.records import Match, Verdict

ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
UNIT = st.floats(0, 1)


def gradient(width: int = 60, height: int = 40) -> Image.Image:
    pixels = np.arange(width * height * 3, dtype=np.uint32).reshape(height, width, 3)
    return Image.fromarray((pixels * 7 % 256).astype(np.uint8))


def test_the_whole_picture_comes_first_and_can_be_all() -> None:
    image = gradient()
    (only,) = views(image, orientations=False, regions=False, inverted=False, sides=False)
    assert only == View("whole", image)
    assert views(image)[0].image is image


def test_every_kind_of_view_can_be_left_out() -> None:
    image = gradient()
    every = views(image)
    assert {view.orientation for view in every} == set(range(8))
    assert any(view.inverted for view in every)
    assert sum(view.box != WHOLE for view in every) == 16
    assert {view.side for view in views(image, sides=False)} == {None}
    assert not any(view.orientation for view in views(image, orientations=False))
    assert not any(view.inverted for view in views(image, inverted=False))
    assert all(view.box == WHOLE for view in views(image, regions=False))


def test_an_inverted_view_is_the_negative() -> None:
    image = gradient()
    (negative,) = (view.image for view in views(image) if view.inverted)
    assert np.array_equal(np.asarray(negative), 255 - np.asarray(image))


@given(st.integers(1, 90), st.integers(1, 90))
def test_parts_cover_every_picture(width: int, height: int) -> None:
    seen = np.zeros((height, width), bool)
    for view in views(Image.new("RGB", (width, height))):
        if view.box != WHOLE:
            left, top = int(view.box[0] * width), int(view.box[1] * height)
            seen[top : top + view.image.height, left : left + view.image.width] = True
    assert seen.all()


def test_neighbouring_parts_overlap_by_half() -> None:
    starts = sorted({view.box[0] for view in views(gradient()) if view.box != WHOLE})
    assert np.diff(starts) == pytest.approx([0.2] * 3)


def test_a_smaller_square_shows_what_a_crop_shows() -> None:
    """The embedding of a crop is nearer to that of the whole when it is looked at smaller."""
    encoder = registry.load("sscd-distilled")
    assert isinstance(encoder, TakesAnySide)
    assert encoder.any_side
    small = encoder.prepare_at(gradient(), 128)
    assert small.shape == (128, 128, 3)
    together = encoder.encode_prepared([encoder.prepare(gradient())] * 2)
    alone = encoder.encode_prepared([small])
    assert together.shape == (2, 512)
    assert np.linalg.norm(alone) == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="no square of 8 pixels"):
        encoder.prepare_at(gradient(), 8)


def test_an_encoder_of_one_size_says_so() -> None:
    encoder = registry.load("mobilenet-v3-large")
    assert isinstance(encoder, TakesAnySide)
    assert not encoder.any_side
    with pytest.raises(ValueError, match="takes no square"):
        encoder.prepare_at(gradient(), 224)


def test_a_score_is_normalised_by_the_nearest_of_the_background() -> None:
    vectors = np.eye(NEAREST + 2, dtype=np.float32)
    view = np.zeros(NEAREST + 2, np.float32)
    view[0], view[1] = 0.8, 0.6
    less = np.array([0.5]) - Background(vectors).normalised(np.array([0.5], np.float32), view)
    assert less == pytest.approx(SHARE * 1.4 / NEAREST)
    empty = Background(np.zeros((0, 4), np.float32))
    assert empty.normalised(np.array([0.5], np.float32), np.ones(4, np.float32)) == [0.5]


@pytest.mark.parametrize("name", ["sscd-distilled", "sscd-disc-mixup"])
def test_backgrounds_are_shipped(name: str) -> None:
    known = background(name)
    assert known is not None
    assert known.vectors.shape[1] == registry.card(name).size
    assert np.linalg.norm(known.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert background("mobilenet-v3-large") is None


def likeness(cosine: float, encoder: str = "sscd-distilled", look: Look | None = None) -> Likeness:
    return Likeness(encoder, cosine, cosine - 0.1, look or Look())


def match(score: float) -> Match:
    return Match(
        inliers=20,
        query_share=1.0,
        record_share=1.0,
        query_region=ALL,
        record_region=ALL,
        mirrored=False,
        inverted=False,
        rotation=0.0,
        scale=1.0,
        score=score,
    )


def test_every_curve_fits_its_parts() -> None:
    curves = json.loads(resources.files("lookalike.copies").joinpath(CURVES).read_text("ascii"))
    assert {"hashes", "hashes, proved", "sscd-distilled", "sscd-distilled, proved"} <= set(curves)
    for curve in curves.values():
        assert len(curve) == 1 + len(parts(Evidence()))
        assert all(weight >= 0 for weight in curve[1:])


@given(UNIT, UNIT, st.booleans(), st.sampled_from(["sscd-distilled", "no-such-encoder"]))
def test_more_evidence_is_never_less_sure(
    one: float, other: float, proved: bool, name: str
) -> None:
    low, high = sorted((one, other))

    def score(cosine: float, found: float) -> float:
        proof = match(found) if proved else None
        return judge(Evidence(likeness=likeness(cosine, name), match=proof, proved=proved))[1]

    assert score(low, 0.5) <= score(high, 0.5)
    assert score(0.5, low) <= score(0.5, high)
    assert 0 <= score(low, low) <= 1


def test_what_is_known_for_sure_is_called_so() -> None:
    assert judge(Evidence(same_bytes=True)) == (Verdict.IDENTICAL, 1.0)
    assert judge(Evidence(same_pixels=True)) == (Verdict.IDENTICAL, 1.0)
    assert judge(Evidence()) == (Verdict.SIMILAR, 0.0)
    near = {"phash": HashDistance(0, 64), "pdq": HashDistance(6, 256)}
    assert judge(Evidence(hashes=near))[0] is Verdict.COPY
    flat = {"phash": HashDistance(0, 64, flat=True)}
    assert judge(Evidence(hashes=flat))[0] is Verdict.SIMILAR
    assert judge(Evidence(likeness=likeness(0.95)))[0] is Verdict.COPY
    assert judge(Evidence(likeness=likeness(0.45), match=match(0.999), proved=True))[0] is (
        Verdict.COPY
    )
    assert judge(Evidence(likeness=likeness(0.45), proved=True))[0] is Verdict.SIMILAR


def test_a_collection_may_ask_for_more() -> None:
    evidence = Evidence(likeness=likeness(0.8))
    score = judge(evidence)[1]
    assert judge(evidence, copy_score=score)[0] is Verdict.COPY
    assert judge(evidence, copy_score=math.nextafter(score, 1))[0] is Verdict.SIMILAR


def test_a_collection_may_have_another_hash_radius() -> None:
    for radius in (2, 5, 12):
        for distance, verdict in ((radius, Verdict.COPY), (radius + 1, Verdict.SIMILAR)):
            near = Evidence(hashes={"phash": HashDistance(distance, 64)}, likeness=likeness(0.3))
            assert judge(near, copy_radius=radius)[0] is verdict


def test_the_curve_is_that_of_what_is_known() -> None:
    assert curve_name(Evidence()) == "hashes"
    assert curve_name(Evidence(proved=True)) == "hashes, proved"
    assert curve_name(Evidence(likeness=likeness(0.5), proved=True)) == "sscd-distilled, proved"
