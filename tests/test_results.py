import json

import pytest

from lookalike.records import Hit, Record, Verdict
from lookalike.results import Results, Took

HITS = (
    Hit(Record(4, "/p/a.jpg", attributes={"n": 1}), 0.9, 0.1, Verdict.COPY, "pHash distance 3"),
    Hit(Record(2, "/p/b.jpg"), 0.5, 0.5),
)
RESULTS = Results(
    HITS, query="cat.jpg", encoder="phash", took_ms=Took(1, 2.00001, 3), notices=["cut"]
)


def test_is_a_sequence():
    assert len(RESULTS) == 2
    assert [hit.id for hit in RESULTS] == [4, 2]
    assert RESULTS[0].attributes == {"n": 1}
    assert RESULTS[-1].uri == "/p/b.jpg"
    assert RESULTS[:1] == HITS[:1]
    with pytest.raises(IndexError):
        RESULTS[2]


def test_json_shape():
    assert json.loads(json.dumps(RESULTS.to_dict())) == {
        "query": "cat.jpg",
        "encoder": "phash",
        "took_ms": {"decode": 1, "encode": 2.0, "search": 3},
        "hits": [
            {
                "id": 4,
                "uri": "/p/a.jpg",
                "score": 0.9,
                "distance": 0.1,
                "verdict": "copy",
                "reason": "pHash distance 3",
                "attributes": {"n": 1},
                "match": None,
            },
            {
                "id": 2,
                "uri": "/p/b.jpg",
                "score": 0.5,
                "distance": 0.5,
                "verdict": "similar",
                "reason": "",
                "attributes": {},
                "match": None,
            },
        ],
        "notices": ["cut"],
    }


def test_prints():
    assert repr(RESULTS).splitlines() == [
        "2 hits for cat.jpg by phash",
        "0.900 copy      4 /p/a.jpg",
        "0.500 similar   2 /p/b.jpg",
    ]


def test_plot_and_notebook(indexed, tmp_path):
    from PIL import Image

    first = next(iter(indexed.list(limit=1)))
    results = indexed.search(id=first.id, limit=7)
    with Image.open(results.plot(tmp_path / "grid.png")) as image:
        assert image.format == "PNG"
        assert image.width > image.height / 2
    assert results._repr_html_().count("<img") >= 7
