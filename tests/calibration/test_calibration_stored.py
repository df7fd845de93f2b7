"""Thresholds kept with a collection: read, outdated, forgotten."""

import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from lookalike.calibration import Calibration, read
from lookalike.calibration.stored import fingerprints, forget, scores, write
from lookalike.collection import Collection
from lookalike.copies.judge import COPY_SCORE
from lookalike.encoders import projection
from lookalike.encoders.projection import Projection
from lookalike.records import EncoderSpec
from lookalike.search.verdicts import COPY_RADIUS
from lookalike.stores.local import LocalStore

OWN = Calibration(
    copy_score=0.75,
    copy_radius=5,
    similar={"phash": 0.6},
    precision=0.98,
    made=1000.0,
    pairs={"copy": 300, "different": 2000},
)


def test_nothing_kept_is_what_is_shipped(store: LocalStore) -> None:
    assert read(store) == Calibration()
    assert read(store).copy_score == COPY_SCORE
    assert read(store).copy_radius == COPY_RADIUS
    assert read(store).made is None
    assert not forget(store)


def test_what_was_kept_is_read_again_and_forgotten(collection: Collection) -> None:
    store = collection._store
    write(store, OWN)
    assert read(store) == OWN
    assert collection.calibration == OWN
    assert collection.forget_calibration()
    assert read(store) == Calibration()
    assert not collection.forget_calibration()


def test_a_further_encoder_outdates_the_score_and_not_what_others_chose(store: LocalStore) -> None:
    write(store, OWN)
    store.add_encoder(EncoderSpec("extra", "embedding", 4, "1"))
    found = read(store)
    assert found.copy_score == COPY_SCORE
    assert found.copy_radius == 5
    assert found.similar == {"phash": 0.6}
    (notice,) = found.notices
    assert "extra" in notice
    assert "lookalike calibrate" in notice


def test_other_weights_outdate_what_their_encoder_chose(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, OWN)
    specs = tuple(replace(spec, fingerprint="other") for spec in store.encoders())
    monkeypatch.setattr(store, "encoders", lambda: specs)
    found = read(store)
    assert found.copy_score == COPY_SCORE
    assert found.copy_radius == COPY_RADIUS
    assert found.similar == {}
    assert "phash" in found.notices[0]


def test_scores_of_another_version_outdate_the_score_alone(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, OWN)
    monkeypatch.setattr("lookalike.calibration.stored.scores", lambda: "other")
    found = read(store)
    assert (found.copy_score, found.copy_radius) == (COPY_SCORE, 5)
    assert "another version of lookalike" in found.notices[0]


@pytest.mark.parametrize(
    "name",
    [
        "copies/judge_curves.json",
        "copies/judge.py",
        "copies/backgrounds/other.npz",
        "proof/proof_curves.json",
    ],
)
def test_the_version_of_scores_is_that_of_what_they_come_from(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("copies", "proof"):
        shutil.copytree(str(resources.files(f"lookalike.{package}")), tmp_path / package)
    monkeypatch.setattr(
        "lookalike.calibration.stored.resources.files",
        lambda package: tmp_path / package.rpartition(".")[2],
    )
    assert scores.__wrapped__() == scores()
    (tmp_path / "copies" / "backgrounds" / "README.md").write_text("another text")
    assert scores.__wrapped__() == scores()
    with open(tmp_path / name, "a") as file:
        file.write(" ")
    assert scores.__wrapped__() != scores()


def test_another_projection_outdates_too(store: LocalStore) -> None:
    store.add_encoder(EncoderSpec("extra", "embedding", 4, "1"))
    write(store, replace(OWN, similar={"extra": 0.5}))
    assert read(store).similar == {"extra": 0.5}
    vectors = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fitted: Projection = projection.fit(vectors, 3, 0.5, version="own")
    store.set_projection("extra", fitted)
    assert read(store).similar == {}
    assert fingerprints(store)["extra"] == "1 own"
