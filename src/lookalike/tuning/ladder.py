"""The settings of a search to measure, from the fastest to the most thorough."""

from collections.abc import Mapping

from lookalike.indexes import IndexSpec, search_parameters
from lookalike.indexes.parameters import Place, Value

_MAIN = ("ef", "nprobe", "search_list", "itopk_size")
_SECOND = ("oversampling", "reorder_k", "refine_k")
_LEVELS = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192, 16384)
_MOST = {"search_list": 200, "itopk_size": 1024, "ef": 4096}
_MOST_SHARE_OF_CELLS = 0.5
_STEPS_OF_SECOND = (2, 4)


def ladder(index: IndexSpec, place: Place, limit: int) -> list[Mapping[str, Value]]:
    """Settings of the index's search parameters for `limit` answers, none for one without any.

    The kept value is among them. First the parameter that says how far is searched grows, then
    with its largest value the one that says how many are compared again.
    """
    usual = search_parameters(index, place, limit)
    main = next((name for name in _MAIN if name in usual), None)
    second = next((name for name in _SECOND if name in usual), None)
    if main is None:
        return [usual]
    most = _most(index, main)
    kept = usual[main]
    assert not isinstance(kept, str)
    every = {min(level, most) for level in _LEVELS} | {int(kept)}
    levels = sorted({max(level, _least(main, limit)) for level in every})
    steps: list[Mapping[str, Value]] = [{**usual, main: level} for level in levels]
    if second is not None:
        first = usual[second]
        assert not isinstance(first, str)
        steps += [{**steps[-1], second: first * times} for times in _STEPS_OF_SECOND]
    return steps


def _least(main: str, limit: int) -> int:
    return 1 if main == "nprobe" else limit


def _most(index: IndexSpec, main: str) -> int:
    if main != "nprobe":
        return _MOST[main]
    cells = int(index.build.get("nlist", _LEVELS[-1]))
    # Beyond half of the cells it is quicker to compare with every vector.
    return max(int(_MOST_SHARE_OF_CELLS * cells), 1)
