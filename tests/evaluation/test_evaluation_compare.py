"""The whole way: pictures in, a comparison out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike
from lookalike.encoders import registry
from lookalike.encoders.projection import Projection
from lookalike.errors import UnknownEncoderError, UsageError, WeightsError
from lookalike.evaluation import (
    Budget,
    Evaluation,
    Options,
    datasets,
    evaluate,
    evaluate_collection,
)
from lookalike.evaluation.compare import Embedded, choose, compare
from lookalike.evaluation.fuse import parse
from lookalike.evaluation.measure import measure
from lookalike.evaluation.report import (
    cost_columns,
    cost_rows,
    quality_columns,
    quality_rows,
    to_dict,
)
from lookalike.evaluation.score import score
from lookalike.evaluation.vectors import as_unit
from lookalike.records import EncoderSpec

QUICK = Options(costs=False)


def test_classes(labelled: Path, own_cache: Path) -> None:
    (labelled / "moon" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    stages: set[str] = set()
    found = evaluate(
        labelled,
        encoders=["phash", "mobilenet-v3-large"],
        options=QUICK,
        progress=lambda stage, done, total: stages.add(stage),
    )
    assert [result.name for result in found.results] == ["mobilenet-v3-large", "phash"]
    assert (found.pictures, found.classes, found.queries) == (12, 3, 12)
    best = found.results[0]
    quality = best.quality["mAP"]
    assert 0.5 < quality.low <= quality.value <= quality.high <= 1
    assert len(best.curve) == 11
    assert best.vector_bytes == 2 * 960
    assert found.results[1].vector_bytes == 8
    assert best.scores.same.sum() == 12 * 3
    assert found.advice.name == "mobilenet-v3-large"
    assert [Path(lost.uri).name for lost in found.left_out] == ["broken.jpg"]
    assert {"reading", "encoders", "encoding by phash"} <= stages
    assert own_cache.is_file()
    again = evaluate(labelled, encoders=["phash", "mobilenet-v3-large"], options=QUICK)
    assert to_dict(again) == to_dict(found)


def test_cost_is_measured_in_a_process_of_its_own(labelled: Path, own_cache: Path) -> None:
    found = evaluate(
        labelled, encoders=["phash", "dhash"], options=Options(fuse=(parse("phash,dhash"),))
    )
    for result in found.results:
        assert result.cost is not None
        assert result.cost.single_ms > 0
        assert result.cost.batch_ms > 0
        # At least a Python with numpy and Pillow; the sum for two.
        assert 20e6 < result.cost.memory / len(result.encoders) < 200e6
    fused = next(result for result in found.results if len(result.encoders) == 2)
    assert fused.cost.memory == sum(r.cost.memory for r in found.results if r is not fused)
    assert (fused.size, fused.vector_bytes) == (128, 16)


def test_fused_rows_average_the_scores(labelled: Path, own_cache: Path) -> None:
    found = evaluate(
        labelled, encoders=["phash"], options=Options(costs=False, fuse=(parse("phash:2,ahash"),))
    )
    assert {result.name for result in found.results} == {"phash", "ahash", "phash:2,ahash"}


def test_pairs(labelled: Path, own_cache: Path, tmp_path: Path) -> None:
    one, other = sorted((labelled / "moon").glob("*.jpg"))[:2]
    copy = labelled / "copy.jpg"
    copy.write_bytes(one.read_bytes())
    table = tmp_path / "pairs.csv"
    table.write_text(f"a,b,same\n{one},{copy},1\n{one},{other},0\n{copy},{other},0\n")
    found = evaluate(table, encoders=["phash"], options=QUICK)
    assert found.results[0].quality["µAP"].value == 1
    assert found.results[0].quality["best F1"].value == 1
    assert found.results[0].recommended.recall == 1


def test_an_encoder_without_weights_is_left_out(
    labelled: Path, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
    monkeypatch.delenv("LOOKALIKE_MODELS", raising=False)
    found = evaluate(labelled, encoders=["phash", "clip-vit-b-32"], options=QUICK)
    assert [result.name for result in found.results] == ["phash"]
    (missing,) = found.unavailable
    assert missing.name == "clip-vit-b-32"
    assert "image tower" in missing.reason
    with pytest.raises(WeightsError, match="none of the encoders"):
        evaluate(labelled, encoders=["clip-vit-b-32"], options=QUICK)
    names = choose(None, "classes")
    assert "phash" in names
    assert "clip-vit-b-32" not in names
    with pytest.raises(UsageError, match="no encoder with a text tower here"):
        evaluate(_captions(labelled), options=QUICK)


def _captions(labelled: Path) -> Path:
    path = labelled / "captions.tsv"
    names = [p.relative_to(labelled).as_posix() for p in sorted(labelled.rglob("*.jpg"))]
    lines = [f"{name}\t{Path(name).stem.replace('-', ' ')}" for name in names]
    path.write_text("\n".join(["file\tcaption", *lines]) + "\n")
    return path


def test_captions(
    labelled: Path, own_cache: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKALIKE_MODELS", str(shared / "models"))
    registry._loaded.pop("clip-vit-b-16", None)
    found = evaluate(_captions(labelled), encoders=["clip-vit-b-16"], options=QUICK)
    assert (found.kind, found.queries) == ("captions", 12)
    quality = found.results[0].quality
    assert quality["R@1"].value > 0.4
    assert quality["R@1"].value <= quality["R@5"].value <= quality["R@10"].value


def rows(count: int, size: int) -> np.ndarray:
    made = np.random.default_rng(5).standard_normal((count, size)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("projection", "names"),
    [("none", ["one"]), ("default", ["one, projected"]), ("both", ["one", "one, projected"])],
)
def test_projections(
    labelled: Path, projection: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.evaluation.compare._download", lambda name, kind: 0)
    data = datasets.read(labelled)
    vectors = rows(12, 6)
    through = Projection("1", np.zeros(6, np.float32), np.eye(6, 3, dtype=np.float32))
    embedded = Embedded(EncoderSpec("one", "embedding", 6), vectors, None, through)
    found = compare(
        data, ["one"], lambda name: embedded, Options(costs=False, projection=projection)
    )
    assert sorted(result.name for result in found.results) == names
    for result in found.results:
        expected = vectors if not result.projected else through.project(vectors)
        assert result.quality["mAP"] == score(data, as_unit(expected)).quality["mAP"]
        assert result.vector_bytes == (6 if result.projected else 12)


def test_ctrl_c_keeps_what_was_measured(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def embed(name: str) -> Embedded:
        if name == "dhash":
            raise KeyboardInterrupt
        return Embedded(EncoderSpec(name, "embedding", 6), rows(12, 6))

    found = compare(datasets.read(labelled), ["ahash", "dhash", "phash"], embed, QUICK)
    assert found.interrupted
    assert [result.name for result in found.results] == ["ahash"]


def test_pictures_of_the_same_bytes_count_once(labelled: Path, own_cache: Path) -> None:
    before = evaluate(labelled, encoders=["phash"], options=QUICK)
    for picture in list((labelled / "moon").glob("*.jpg")):
        picture.with_suffix(".again.jpg").write_bytes(picture.read_bytes())
    found = evaluate(labelled, encoders=["phash"], options=QUICK)
    assert found.results[0].quality == before.results[0].quality
    assert found.notices == ("files left out, the same as another byte for byte: 4",)
    picture.with_name("b.jpg").write_bytes(next((labelled / "flowers").glob("*.jpg")).read_bytes())
    found = evaluate(labelled, encoders=["phash"], options=QUICK)
    assert found.pictures == 13
    assert "in another class, too, byte for byte: 1" in found.notices[1]


def test_without_a_place_for_the_cache(labelled: Path, own_cache: Path) -> None:
    own_cache.parent.mkdir(parents=True, exist_ok=True)
    own_cache.mkdir()
    found = evaluate(labelled, encoders=["phash"], options=QUICK)
    assert [result.name for result in found.results] == ["phash"]
    (notice,) = found.notices
    assert f"{own_cache} cannot be used to keep embeddings" in notice
    assert "delete" not in notice


def test_captions_of_the_same_bytes_have_one_picture(labelled: Path, tmp_path: Path) -> None:
    one, other = sorted((labelled / "moon").glob("*.jpg"))[:2]
    (tmp_path / "copy.jpg").write_bytes(one.read_bytes())
    table = tmp_path / "captions.tsv"
    table.write_text(f"file\tcaption\n{one}\ta\n{other}\tb\u2028c\ncopy.jpg\td\n", "utf-8")
    data = datasets.read(table)
    assert data.captions == ("a", "b\u2028c", "d")
    merged, kept, _ = data.once([b"1", b"2", b"1"])
    assert (kept, merged.caption_rows.tolist(), len(merged.items)) == ([0, 1], [0, 1, 0], 2)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"a,b,same\n{one},copy.jpg,1\n{one},{other},0\n")
    assert len(datasets.read(pairs).once([b"1", b"1", b"2"])[0].items) == 3
    pairs.write_text(f"a,b,same\n{one},copy.jpg,1\n\n{one}\n")
    with pytest.raises(UsageError, match="row 4 has not the 3 columns"):
        datasets.read(pairs)


def test_a_collection_counts_twins_once(indexed: lookalike.Collection, tmp_path: Path) -> None:
    before = evaluate_collection(indexed, encoders=["phash"], options=QUICK)
    record = next(iter(indexed.list(limit=1)))
    twin = tmp_path / Path(record.uri).parent.name / "twin.jpg"
    twin.parent.mkdir()
    twin.write_bytes(Path(record.uri).read_bytes())
    indexed.add(twin)
    found = evaluate_collection(indexed, encoders=["phash"], options=QUICK)
    assert found.results[0].quality == before.results[0].quality
    assert "files left out" in found.notices[0]


def test_the_measuring_process_imports_nothing_from_the_current_folder(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.chdir(tmp_path)
    assert measure("phash", list((labelled / "moon").glob("*.jpg"))).batch_ms > 0


def test_wrong_use(labelled: Path) -> None:
    with pytest.raises(UnknownEncoderError, match="nonesuch"):
        evaluate(labelled, encoders=["nonesuch"])
    with pytest.raises(UsageError, match="precision of 95"):
        Options(precision=95)
    for text, words in (
        ("phash", "two encoders or more"),
        ("phash,phash,dhash", "each once"),
        ("phash:0,dhash", "weight of 'phash' must be a number above 0"),
        ("phash,dhash:x", "weight of 'dhash'"),
    ):
        with pytest.raises(UsageError, match=words):
            parse(text)
    with pytest.raises(UsageError, match="not both"):
        evaluate(labelled, captions="a.tsv", pairs="b.tsv")
    with pytest.raises(UsageError, match="nothing to evaluate"):
        evaluate(None)


def test_encoders_may_be_a_text(labelled: Path, own_cache: Path) -> None:
    found = evaluate(labelled, encoders="phash, dhash", options=QUICK)
    assert {result.name for result in found.results} == {"phash", "dhash"}
    (one,) = evaluate(labelled, encoders="phash", options=QUICK).results
    assert one.name == "phash"


def test_arguments_of_other_types(labelled: Path, indexed: lookalike.Collection) -> None:
    wrong: list[tuple[Callable[[Any], Any], str]] = [
        (evaluate, "named by their paths, not int"),
        (lambda x: evaluate(labelled, limit="x"), "limit is a whole number, not str"),
        (lambda x: evaluate(labelled, options=x), "options are Options, not int"),
        (lambda x: evaluate(labelled, encoders=x), "named by a text, or a list of texts, not int"),
        (lambda x: evaluate(labelled, encoders=[x]), "named by a text, or a list of texts"),
        (lambda x: evaluate_collection(indexed, options=x), "options are Options, not int"),
        (lambda x: evaluate_collection(indexed, encoders="a,b"), "no encoder 'a'"),
        (lambda _: Budget(ms="x"), "a budget's limit is a number, not str"),
        (lambda x: Options(budget=x), "a budget is a Budget, not int"),
        (lambda x: Options(precision="x"), "a precision is a number, not str"),
        (lambda x: Options(fuse="a,b"), "fuse is a tuple of Fuse, not str"),
        (lambda x: Options(projection="fit"), "one of none, default, both"),
    ]
    for call, words in wrong:
        with pytest.raises(UsageError, match=words):
            call(3)


def test_a_collection_by_folder_and_by_attribute(indexed: lookalike.Collection) -> None:
    by_folder = evaluate_collection(indexed, options=QUICK)
    assert by_folder.classes == len({Path(record.uri).parent for record in indexed.list()})
    assert [result.name for result in by_folder.results] == ["mobilenet-v3-large", "phash"]
    for record in list(indexed.list(limit=20)):
        indexed.update(record.id, attributes={"wide": record.width > record.height})
    by_shape = evaluate_collection(indexed, label="wide", encoders=["phash"], options=QUICK)
    assert (by_shape.pictures, by_shape.classes) == (20, 2)
    assert len(by_shape.left_out) == len(indexed) - 20
    assert "no attribute wide" in by_shape.left_out[0].reason
    with pytest.raises(UsageError, match=r"no record of .* has an attribute nonesuch"):
        evaluate_collection(indexed, label="nonesuch", options=QUICK)
    with pytest.raises(UsageError, match="has no encoder 'dinov2-vits14'"):
        evaluate_collection(indexed, encoders=["dinov2-vits14"], options=QUICK)


def test_an_encoder_of_a_collection_by_its_alias(
    indexed: lookalike.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "own_name", {"dct-hash": "phash"}.get)
    (found,) = evaluate_collection(indexed, encoders="dct-hash", options=QUICK).results
    assert found.name == "phash"


def test_a_collection_is_compared_through_its_own_projection(
    indexed: lookalike.Collection,
) -> None:
    through = Projection("1", np.zeros(960, np.float32), np.eye(960, 40, dtype=np.float32))
    indexed.set_projection("mobilenet-v3-large", through)
    options = Options(costs=False, projection="both")
    found = evaluate_collection(indexed, encoders=["mobilenet-v3-large"], options=options)
    assert {result.name: result.size for result in found.results} == {
        "mobilenet-v3-large": 960,
        "mobilenet-v3-large, projected": 40,
    }


def test_a_collection_gives_what_its_folder_gives(
    photos: Path, indexed: lookalike.Collection, own_cache: Path
) -> None:
    stored = evaluate_collection(indexed, encoders=["phash"], options=QUICK)
    fresh = evaluate(photos, encoders=["phash"], options=QUICK)
    assert stored.pictures == fresh.pictures
    assert stored.results[0].quality["mAP"].value == pytest.approx(
        fresh.results[0].quality["mAP"].value, abs=0.02
    )


def test_report_is_json_and_rows_fit_their_headers(labelled: Path, own_cache: Path) -> None:
    found: Evaluation = evaluate(
        labelled,
        encoders=["phash", "dhash"],
        options=Options(costs=False, budget=Budget(vector_bytes=8)),
    )
    told = json.loads(json.dumps(to_dict(found), allow_nan=False))
    assert told["advice"]["choose"] == found.advice.name
    assert set(told["results"][0]["quality"]) == {"mAP", "P@10", "hit@1", "R@10", "R@5", "R@1"}
    for header, lines in (
        (quality_columns(found), quality_rows(found)),
        (cost_columns(found), cost_rows(found)),
    ):
        assert all(len(line) == len(header) for line in lines)
        assert [line[0] for line in lines] == ["→", ""]


def test_captions_need_words_and_two_pictures(
    labelled: Path, own_cache: Path, tmp_path: Path
) -> None:
    one, other = sorted((labelled / "moon").glob("*.jpg"))[:2]
    table = tmp_path / "captions.csv"
    table.write_text(f"file,caption\n{one},a moon\n{other},the moon\n")
    with pytest.raises(UsageError, match="can take part: phash: it reads no words"):
        evaluate(table, encoders=["phash"], options=QUICK)
    table.write_text(f"file,caption\n{one},a moon\n{one},the moon\n")
    with pytest.raises(UsageError, match="captions of one picture only"):
        evaluate(table, encoders=["phash"], options=QUICK)
