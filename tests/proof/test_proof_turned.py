"""Turned features are those of the turned picture, without extracting again."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

pytest.importorskip("cv2")

from lookalike.proof import Features, extract
from lookalike.proof.turned import inverted, mirrored


@pytest.mark.parametrize(
    ("turn", "edit", "found"),
    [(mirrored, ImageOps.mirror, 0.75), (inverted, ImageOps.invert, 0.98)],
    ids=["mirrored", "inverted"],
)
def test_descriptors_in_another_order_are_those_extracted_anew(
    turn: Callable[[Features], Features],
    edit: Callable[[Image.Image], Image.Image],
    found: float,
    photo: Callable[[str], Image.Image],
) -> None:
    picture = photo("animals/raccoon.jpg").resize((480, 360))
    anew, turned = extract(edit(picture)), turn(extract(picture))
    assert np.array_equal(anew.grey, turned.grey)
    away = np.hypot(*(anew.points[:, None] - turned.points[None]).transpose(2, 0, 1))
    away += np.abs(anew.sizes[:, None] - turned.sizes)
    angles = (anew.angles[:, None] - turned.angles + 180) % 360 - 180
    away += np.abs(angles) / 10
    nearest = away.argmin(axis=1)
    same = away[np.arange(len(nearest)), nearest] < 1.5
    assert same.mean() > found
    cosines = (anew.descriptors * turned.descriptors[nearest]).sum(axis=1)[same]
    assert np.percentile(cosines, 5) > 0.99


def test_turning_twice_changes_nothing(photo: Callable[[str], Image.Image]) -> None:
    features = extract(photo("animals/raccoon.jpg"))
    for turn in (mirrored, inverted):
        again = turn(turn(features))
        assert np.array_equal(again.descriptors, features.descriptors)
        assert again.points == pytest.approx(features.points, abs=1e-3)
        away = (again.angles - features.angles + 180) % 360 - 180
        assert np.abs(away).max() < 1e-3
