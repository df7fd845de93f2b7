"""Plans: the published figures, formulas that give their values, and advice."""

import math
import re

import pytest

from lookalike.errors import UnknownEncoderError, UsageError
from lookalike.planning import Encoder, Plan, Workload, encoder, make
from lookalike.planning.lines import binary, decimal, duration

FLOATS = encoder("dimensions:512")
UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}


@pytest.mark.parametrize(
    ("pictures", "published"),
    [(10**3, "2 MB"), (10**6, "2 GB"), (10**7, "20 GB"), (10**8, "200 GB"), (10**9, "2 TB")],
)
@pytest.mark.parametrize("store", ["local", "milvus"])
def test_published_figures(pictures: int, published: str, store: str) -> None:
    line = make(Workload(pictures, (FLOATS,)), store).line("dimensions:512, float32")  # type: ignore[arg-type]
    assert line.value == pictures * 2048
    assert decimal(line.value, digits=1) == published
    assert line.formula == f"{pictures:,} pictures × 512 dimensions × 4 bytes"


def test_the_published_figure_of_2048_dimensions() -> None:
    plan = make(Workload(10**6, (encoder("dimensions:2048"),)))
    assert binary(plan.line("dimensions:2048, float32").value, digits=2) == "7.6 GiB"


WORKLOADS = {
    "small": Workload(1000, (FLOATS,)),
    "default": Workload(2_000_000, tuple(map(encoder, ("clip-vit-b-16", "phash", "pdq")))),
    "large": Workload(
        10**9,
        (encoder("clip-vit-b-16"), encoder("phash")),
        tenants=50_000,
        attributes_bytes=300,
        qps=1000,
        replicas=2,
        workers=40,
        picture_bytes=150_000,
    ),
    "hashes": Workload(10**8, (encoder("bits:64"),), qps=10),
    "kinds": Workload(
        10**8,
        (FLOATS,),
        indexes=("HNSW:M=32", "HNSW", "IVF_RABITQ", "HNSW_SQ", "SCANN", "HNSW_PQ"),
        qps=5,
    ),
    "long": Workload(10**6, (encoder("dimensions:2048"),)),
}


@pytest.mark.parametrize("store", ["local", "milvus"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_every_formula_gives_its_value(name: str, store: str) -> None:
    workload = WORKLOADS[name]
    if name == "kinds" and store == "local":
        pytest.skip("the local store has one kind")
    for line in make(workload, store).lines:  # type: ignore[arg-type]
        assert math.isclose(evaluated(line.formula), line.value, rel_tol=0.01), line
        assert line.value > 0


def evaluated(formula: str) -> float:
    """A formula's arithmetic, without its words."""
    formula = re.sub(r" \([^()+×÷]*[a-z][^()+×÷]*\)", "", formula)
    for unit, factor in UNITS.items():
        formula = re.sub(rf"([\d.]+) {unit}\b", lambda m, f=factor: str(float(m[1]) * f), formula)
    formula = formula.replace(",", "").replace("up(", "⌈(").replace("down(", "⌊(")
    formula = re.sub(r"dimensions:\d+|bits:\d+|[a-z]+(?:-[a-z0-9]+)+", "", formula)
    formula = re.sub(r"[A-Z][A-Z_]+\d*(?::M=\d+)?(?!\()|[a-z][a-z0-9/]*", "", formula)
    signs = {"×": "*", "÷": "/", "−": "-", "⌈": "math.ceil", "⌊": "math.floor"}
    for sign, operator in signs.items():
        formula = formula.replace(sign, operator)
    assert re.fullmatch(r"(?:math\.(?:ceil|floor)|[\d.e+*/() -])+", formula), formula
    return float(eval(formula, {"math": math}))


def of(pictures: int, *names: str, **given: object) -> Plan:
    return make(Workload(pictures, tuple(map(encoder, names)), **given))  # type: ignore[arg-type]


def test_the_store_that_suits() -> None:
    assert of(10**6, "phash").store == "local"
    assert of(10**9, "phash").store == "milvus"
    assert of(10**6, "phash", qps=5000.0).store == "milvus"
    assert of(10**6, "phash", replicas=2).store == "milvus"
    asked = make(Workload(10**9, (FLOATS,)), "local")
    assert asked.store == "local"
    assert "as asked" in asked.advice[0]


def test_projected_vectors_are_kept_twice() -> None:
    plan = of(10**8, "clip-vit-b-16")
    made, compared = (
        plan.line("clip-vit-b-16 as made", "HNSW"),
        plan.line("clip-vit-b-16 stored", "HNSW"),
    )
    assert (made.value, compared.value) == (10**8 * 4 * 512, 10**8 * 4 * 320)
    with pytest.raises(KeyError):
        of(10**8, "dimensions:512").line("dimensions:512 as made", "HNSW")


def test_records_stand_again_beside_every_encoder() -> None:
    lean = {name: of(10**8, name, "phash") for name in ("dimensions:512",)}["dimensions:512"]
    rich = of(10**8, "dimensions:512", "phash", attributes_bytes=1100)
    grown = rich.line("one replica in memory", "HNSW").value
    grown -= lean.line("one replica in memory", "HNSW").value
    assert math.isclose(grown, 10**8 * 3 * 1000 * 2.5), "3 tables, attributes and filterable"


def test_replicas_and_nodes() -> None:
    one, two = (
        of(10**9, "phash", "dimensions:512"),
        of(10**9, "phash", "dimensions:512", replicas=2),
    )
    assert two.line("query nodes", "HNSW").value == 2 * one.line("query nodes", "HNSW").value
    big = of(10**9, "phash", "dimensions:512", node_memory=512 << 30)
    assert big.line("query nodes", "HNSW").value < one.line("query nodes", "HNSW").value
    for plan in (one, two, big):
        memory = plan.line("memory of each query node", "HNSW").value
        assert memory <= 0.7 * (512 << 30 if plan is big else 64 << 30)


def test_more_machines_encode_faster() -> None:
    alone, many = of(10**9, "clip-vit-b-16"), of(10**9, "clip-vit-b-16", workers=40)
    hours = alone.line("encoding, one machine").value
    assert math.isclose(many.line("encoding, all machines").value, hours / 40)
    assert math.isclose(hours, 10**9 * encoder("clip-vit-b-16").milliseconds / 3.6e6, rel_tol=1e-6)  # type: ignore[operator]


def test_speed_that_was_not_measured() -> None:
    plan = of(10**6, "dimensions:768")
    with pytest.raises(KeyError):
        plan.line("encoding, one machine")
    assert any("dimensions:768" in words for words in plan.advice)
    given = of(10**6, "dimensions:768", pictures_per_second=100.0)
    assert math.isclose(given.line("encoding, one machine").value, 10**6 / 100 / 3600)
    assert not any("dimensions:768" in words for words in given.advice)


def test_index_advice() -> None:
    plan = of(10**9, "dimensions:512", qps=1000.0)
    assert any("IVF_PQ rarely finds 95%" in words for words in plan.advice)
    assert plan.index != "IVF_PQ"
    assert any(words.startswith(f"Index {plan.index}: ") for words in plan.advice)
    longer = of(10**9, "dimensions:512", indexes=("HNSW", "IVF_PQ:m=256"))
    assert not any("rarely" in words for words in longer.advice), "measured of shorter codes only"
    modest = of(10**9, "dimensions:512", recall=0.7)
    assert not any("rarely" in words for words in modest.advice)


def test_tenants() -> None:
    many, few = of(10**8, "phash", tenants=50_000), of(10**8, "phash", tenants=100)
    assert any("50,000 tenants" in words for words in many.advice)
    assert any("tenancy=partitions" in words for words in few.advice)
    assert not any("enant" in words for words in of(10**8, "phash").advice)


@pytest.mark.parametrize(
    "given",
    [
        {"pictures": 0},
        {"tenants": 0},
        {"recall": 0.0},
        {"recall": 1.1},
        {"recall": math.nan},
        {"qps": -1.0},
        {"qps": math.inf},
        {"replicas": 0},
        {"node_memory": 100},
        {"uri_bytes": 0},
        {"attributes_bytes": -1},
        {"workers": 0},
        {"pictures_per_second": 0.0},
        {"pictures_per_second": math.nan},
        {"encoders": ()},
        {"encoders": (FLOATS, FLOATS)},
    ],
)
def test_what_cannot_be(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Workload(**{"pictures": 1000, "encoders": (FLOATS,), **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["dimensions:0", "dimensions:x", "bits:63", "bits:", "dimensions:1e9"]
)
def test_encoders_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError):
        encoder(name)


def test_encoders() -> None:
    assert encoder("bits:64") == Encoder("bits:64", "hash", 64, 64)
    clip = encoder("clip-vit-b-16")
    assert (clip.size, clip.compared, clip.projected) == (512, 320, True)
    with pytest.raises(UnknownEncoderError):
        encoder("no-such-encoder")


def test_indexes_that_a_store_has_not() -> None:
    with pytest.raises(UsageError, match="IVF_FLAT"):
        make(Workload(10, (FLOATS,), indexes=("IVF_FLAT",)), "local")
    with pytest.raises(UsageError, match="there is no index"):
        make(Workload(10, (FLOATS,), indexes=("NONE",)), "milvus")
    with pytest.raises(UsageError, match="name one"):
        make(Workload(10, (FLOATS,), indexes=("FLAT", "HNSW")), "local")
    with pytest.raises(UsageError, match="leave --index out"):
        make(Workload(10, (FLOATS,), indexes=("auto",)), "milvus")


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.01, "36 s"), (0.5, "30 min"), (7.8, "7.8 hours"), (400, "17 days"), (30_000, "3.4 years")],
)
def test_times(hours: float, said: str) -> None:
    assert duration(hours) == said
