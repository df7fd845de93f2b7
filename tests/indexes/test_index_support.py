"""What each store can make, and with which parameters."""

import pytest

from lookalike.errors import UsageError
from lookalike.indexes import (
    KINDS,
    IndexSpec,
    Wished,
    available,
    check,
    complete,
    defaults,
    search_parameters,
)
from lookalike.records import EncoderSpec


def names(*arguments: object, **options: object) -> set[str]:
    return {kind.name for kind in available(*arguments, **options)}  # type: ignore[arg-type]


def test_each_store_and_version_has_its_kinds() -> None:
    assert names("local") == {"FLAT", "HNSW"}
    assert names("local", binary=True) == {"BIN_FLAT"}
    assert "IVF_RABITQ" not in names("milvus", (2, 3, 5))
    assert {"IVF_RABITQ", "HNSW_SQ", "GPU_CAGRA"} <= names("milvus", (2, 6, 0))
    assert names("milvus", binary=True) == {"BIN_FLAT"}


@pytest.mark.parametrize(
    ("text", "place", "version", "binary", "message"),
    [
        (
            "IVF_PQ",
            "local",
            None,
            False,
            "the local store has no IVF_PQ index; possible here: auto",
        ),
        ("HNSW_SQ", "milvus", (2, 3, 5), False, "needs a Milvus server of 2.5 or newer, this one"),
        ("FLAT", "milvus", None, True, "FLAT is for embeddings; possible here: auto, BIN_FLAT"),
        ("BIN_FLAT", "local", None, False, "BIN_FLAT is for hashes"),
        ("BIN_IVF_FLAT", "milvus", (2, 3, 5), True, "loses answers"),
        ("HNSW:oversampling=3", "milvus", None, False, "has no parameter oversampling in the"),
        ("IVF_PQ:m=7", "milvus", None, False, "does not divide the 64 components"),
    ],
)
def test_what_a_store_cannot_make_is_refused(
    text: str, place: str, version: tuple[int, int, int] | None, binary: bool, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check(IndexSpec.parse(text), place, version, dimensions=64, binary=binary)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_complete_spec_has_what_building_takes(kind: str) -> None:
    spec = complete(IndexSpec(kind), "milvus", dimensions=320, vectors=1_000_000)
    left_out = {one.name for one in KINDS[kind].build} - set(spec.build)
    assert left_out <= {"refine_type", "with_raw_data"}
    assert 320 % int(spec.build.get("m", 1)) == 0
    check(spec, "milvus", dimensions=320, binary=KINDS[kind].vectors == "binary") if not KINDS[
        kind
    ].warning else None


def test_cells_follow_the_vectors_of_a_segment() -> None:
    def cells(vectors: int) -> object:
        spec = complete(IndexSpec("IVF_FLAT"), "milvus", dimensions=512, vectors=vectors)
        return spec.build["nlist"]

    assert cells(10_000) == 400
    assert cells(10**9) == cells(0) == 2048  # a segment holds 262,144 vectors of 2 KiB


def test_search_parameters_are_never_below_the_limit() -> None:
    hnsw = IndexSpec.parse("HNSW:ef=20")
    assert search_parameters(hnsw, "milvus", 10) == {"ef": 20}
    assert search_parameters(hnsw, "milvus", 100) == {"ef": 100}
    assert search_parameters(IndexSpec("HNSW"), "local", 1) == {"ef": 96, "oversampling": 2.0}
    assert search_parameters(IndexSpec.parse("IVF_FLAT:nlist=10,nprobe=64"), "milvus", 1) == {
        "nprobe": 10
    }
    assert search_parameters(IndexSpec.parse("IVF_FLAT:nlist=1024"), "milvus", 1)["nprobe"] == 64


def test_defaults_are_of_the_store() -> None:
    assert defaults("local").build["efConstruction"] == 128
    assert defaults("milvus").build["efConstruction"] == 200


class TestWished:
    CLIP = EncoderSpec("clip", "embedding", 64, "")
    PHASH = EncoderSpec("phash", "hash", 64, "")

    def test_one_for_all_is_for_embeddings(self) -> None:
        wished = Wished.of("HNSW:M=8")
        assert wished.index(self.CLIP) == IndexSpec.parse("HNSW:M=8")
        assert wished.index(self.PHASH) == IndexSpec()

    def test_one_of_hashes_is_for_hashes(self) -> None:
        wished = Wished.of("BIN_FLAT")
        assert wished.asked([self.CLIP, self.PHASH], "local") == {"phash": IndexSpec("BIN_FLAT")}
        assert wished.index(self.CLIP) == IndexSpec()
        assert Wished.of("auto").asked([self.PHASH], "local") == {}

    @pytest.mark.parametrize(
        ("kind", "encoder", "message"),
        [
            ("HNSW", PHASH, "HNSW fits no encoder here: phash makes hashes.*: auto, BIN_FLAT$"),
            ("BIN_FLAT", CLIP, "clip makes embeddings, for which there are: auto, FLAT, HNSW$"),
        ],
    )
    def test_one_that_fits_no_encoder_is_refused(
        self, kind: str, encoder: EncoderSpec, message: str
    ) -> None:
        with pytest.raises(UsageError, match=message):
            Wished.of(kind).asked([encoder], "local")

    def test_texts_name_encoders_or_none(self) -> None:
        wished = Wished.parse(["HNSW:M=8", "phash=BIN_FLAT", "dino=IVF_PQ:m=8,nlist=64"])
        assert wished.index(self.CLIP) == IndexSpec.parse("HNSW:M=8")
        assert wished.index(self.PHASH) == IndexSpec("BIN_FLAT")
        assert wished.named["dino"].build["nlist"] == 64

    @pytest.mark.parametrize("texts", [["HNSW", "FLAT"], ["clip=FLAT", "clip=HNSW"]])
    def test_two_for_the_same_are_refused(self, texts: list[str]) -> None:
        with pytest.raises(UsageError):
            Wished.parse(texts)

    def test_other_things_are_refused(self) -> None:
        with pytest.raises(UsageError, match="not int"):
            Wished.of(5)  # type: ignore[arg-type]
