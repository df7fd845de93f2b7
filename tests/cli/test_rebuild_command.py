"""`lookalike rebuild`, and what `info` and `show` say of projections and qualities."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lookalike
from lookalike.encoders.projection import fit, write
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((1100, 24))


@pytest.fixture
def path(tmp_path: Path) -> str:
    with lookalike.open(tmp_path / "c") as collection:
        collection.add_embeddings(np.arange(1100), VECTORS)
    return str(tmp_path / "c")


def test_all_indexes_are_rebuilt(run, path):
    assert "rebuilt the indexes of 1,100 pictures" in run("rebuild", "-c", path).stdout
    done = json.loads(run("rebuild", "-c", path, "--json").stdout)
    assert (done["records"], done["projections"]) == (1100, {})


def test_a_projection_is_fitted_and_taken_away_again(run, path):
    told = run("rebuild", "-c", path, "--projection", "external=fit").stdout
    assert "external: projection fitted-1100, 24 dimensions" in told
    assert "rebuilt the index of 1,100 pictures" in told
    info = json.loads(run("info", "-c", path, "--json").stdout)["encoders"][0]
    assert (info["size"], info["dimensions"], info["projection"]) == (24, 24, "fitted-1100")
    assert "24 dimensions → 24 (projection fitted-1100)" in run("info", "-c", path).stdout
    told = run("rebuild", "-c", path, "--projection", "external=none").stdout
    assert "external: no projection, 24 dimensions" in told
    assert "→" not in run("info", "-c", path).stdout


def test_one_comes_from_a_file(run, path, tmp_path):
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    write(fit(unit, 8, 0.5, version="mine"), tmp_path / "a=b.npz")
    chosen = f"external={tmp_path / 'a=b.npz'}"
    done = json.loads(run("rebuild", "-c", path, "--projection", chosen, "--json").stdout)
    assert done["projections"] == {"external": "mine"}


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ("external", "write ENCODER=default"),
        ("=fit", "write ENCODER=default"),
        ("external=default", "no projection comes with external"),
        ("external=nowhere.npz", "there is no projection 'nowhere.npz'"),
        ("other=none", "no encoder 'other'"),
    ],
)
def test_wrong_choices(run, path, chosen, complaint):
    assert complaint in run("rebuild", "-c", path, "--projection", chosen, status=2).stderr


def test_a_file_that_does_harm_is_named_and_changes_nothing(run, path, tmp_path):
    arrays = {"mean": np.zeros(24), "matrix": np.eye(24, 8)}
    np.savez(tmp_path / "evil.npz", version=np.array("\x1b]0;evil\x07"), **arrays)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "evil.npz").read_bytes()[:700])
    for name in ("evil.npz", "cut.npz"):
        chosen = f"external={tmp_path / name}"
        told = run("rebuild", "-c", path, "--projection", chosen, status=2).stderr
        assert f"{name} is not a projection" in told
        assert "\x1b" not in told
    assert json.loads(run("info", "-c", path, "--json").stdout)["encoders"][0]["projection"] == ""


def test_an_index_that_fits_no_encoder_is_refused(run, tmp_path, photos):
    folder = str(tmp_path / "hashes")
    told = "HNSW fits no encoder here: phash makes hashes, for which there are: auto, BIN_FLAT"
    made = ["index", str(photos), "-c", folder, "--encoder", "phash"]
    assert told in run(*made, "--index-type", "HNSW", status=2).stderr
    assert not Path(folder).exists()
    run(*made)
    assert told in run("rebuild", "-c", folder, "--index-type", "HNSW", status=2).stderr
    assert told in run(*made, "--index-type", "HNSW", status=2).stderr
    assert "phash: BIN_FLAT" in run("rebuild", "-c", folder, "--index-type", "BIN_FLAT").stdout


def test_one_encoder_has_one_projection(run, path):
    twice = ("--projection", "external=none", "--projection", "external=fit")
    assert "names 'external' twice" in run("rebuild", "-c", path, *twice, status=2).stderr


def test_info_says_that_an_index_is_gone(run, path):
    shutil.rmtree(Path(path) / "vectors")
    told = run("info", "-c", path, status=1)
    assert "The index of external is not there" in told.stderr
    run("rebuild", "-c", path)
    assert "good" in run("info", "-c", path).stdout


def test_show_says_the_quality_of_a_hash(run, tmp_path, five):
    shutil.copytree(five, tmp_path / "c")
    with LocalStore.open(tmp_path / "c") as store:
        record = store.get([1])[0]
        assert record is not None
        own = store.vectors("phash", [1])[1]
        store.upsert([Entry(record.uri, vectors={"phash": own}, qualities={"phash": 87})])
    assert "(quality 87 of 100)" in run("show", "1", "-c", str(tmp_path / "c")).stdout
    shown = json.loads(run("show", "1", "-c", str(tmp_path / "c"), "--json").stdout)
    assert shown["encoders"]["phash"]["quality"] == 87
    assert "quality" not in shown["encoders"]["mobilenet-v3-large"]


def test_several_encoders_rank_together(run, five, photos):
    picture = str(next((photos / "animals").glob("*.jpg")))
    found = json.loads(
        run(
            "search", picture, "-c", str(five), "--encoder", "mobilenet-v3-large:2,phash", "--json"
        ).stdout
    )
    assert found["encoder"] == "mobilenet-v3-large:2,phash:1"
    assert len(found["hits"]) == 5
