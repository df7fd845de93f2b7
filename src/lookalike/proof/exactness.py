"""Whether two pictures laid on each other are the same to the pixel, or two shots of one scene.

Who takes two photographs of the same thing, or of two things on the same cloth, moves the camera
and folds the cloth: parts of the one are displaced in the other by amounts that differ from place
to place. In a copy nothing is displaced, and fine detail is the same. Displacements are measured by
dense optical flow (DIS; Kroeger et al., 2016), and what one plane explains is taken off.
"""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.proof.opencv import opencv
from lookalike.proof.placement import Matrix, moved
from lookalike.proof.view import Grey, view

_SIDE, _SHORT = 192, 48
"""Pixels of the longer side of what both have in common, and the fewest of the shorter side."""

_AROUND = 4.0
"""Standard deviation in pixels of the window in which correlation is taken."""

_LIGHT = 8.0
"""The same of the window in which light and contrast are made the same, for the flow."""

_BUSY, _FINE_BUSY = 3.0, 1.0
"""Standard deviation in grey levels from which a window shows something, and something fine."""

_SAME, _NEAR_SAME, _OTHER = 0.7, 0.9, 0.3
"""Correlations: of what is the same, of what is nearly equal, and of what is something else."""

_FEWEST = 50
"""Pixels on which something is measured at least."""

_SAMPLED = 2500
"""Pixels that the plane is fitted to."""

_UNKNOWN, _FLOOR = 3.0, 0.05
"""Displacement where nothing agrees, and what is added before logarithms are taken."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """How exactly two pictures agree, over pixels of their common part that show something.

    `share`, `correlation`, `best`, `best_fifth`: the part whose windows correlate, their mean
    correlation and those of the best 40 % and 20 %. `fine`, `fine_best`, `fine_best_fifth`,
    `fine_share`, `fine_equal`: the same of the fine detail alone, with the part that is nearly
    equal; `fine_of_same` is its median where the windows correlate. `shift`, `shift_quarter`,
    `shift_tenth`, `shift_of_same`: logarithms of the displacements' median, 25 % and 10 % quantiles
    and of their median where the windows correlate, in pixels of a side of 192. `still`,
    `quite_still`: the part that is displaced by less than 0.5 and 0.25 of these. `moved`: how much
    better they correlate along the displacements; `denied`: the part where both show something
    different; `middle`: `share` in the middle; `busy`: how much of the common part shows something.
    """

    share: float = 0.0
    correlation: float = 0.0
    best: float = 0.0
    best_fifth: float = 0.0
    fine: float = 0.0
    fine_best: float = 0.0
    fine_best_fifth: float = 0.0
    fine_share: float = 0.0
    fine_equal: float = 0.0
    fine_of_same: float = 0.0
    shift: float = float(np.log(_UNKNOWN))
    shift_quarter: float = float(np.log(_UNKNOWN))
    shift_tenth: float = float(np.log(_UNKNOWN))
    shift_of_same: float = float(np.log(_UNKNOWN))
    still: float = 0.0
    quite_still: float = 0.0
    moved: float = 0.0
    denied: float = 1.0
    middle: float = 0.0
    busy: float = 0.0

    @property
    def numbers(self) -> tuple[float, ...]:
        """All of them, in this order."""
        return astuple(self)


def exactness(
    query: NDArray[np.uint8],
    other: NDArray[np.uint8],
    matrix: Matrix,
    corners: NDArray[np.float64],
) -> Exactness:
    """Compare the grey pixels of two pictures.

    Args:
        query: (h, w) uint8.
        other: (h, w) uint8, the record's.
        matrix: (3, 3), from pixels of `other` to pixels of `query`.
        corners: (4, 2) of the common part, in pixels of `other`.
    """
    left, top = np.maximum(corners.min(axis=0), 0)
    right, bottom = np.minimum(corners.max(axis=0), other.shape[::-1])
    if right - left < 4 or bottom - top < 4:
        return Exactness()
    step = max(right - left, bottom - top) / _SIDE
    size = max(_SHORT, round((right - left) / step)), max(_SHORT, round((bottom - top) / step))
    to_other = np.array(
        [((right - left) / size[0], 0, left), (0, (bottom - top) / size[1], top), (0, 0, 1)]
    )
    to_query = matrix @ to_other
    theirs = view(other, to_other, size, extended=True)
    ours = view(query, to_query, size, extended=True)
    grid = np.stack(np.meshgrid(*map(np.arange, size)), axis=-1).astype(np.float32)
    places = moved(to_query, grid.reshape(-1, 2).astype(np.float64) + 0.5)
    there = ((places > 2) & (places < np.array(query.shape[::-1]) - 2)).all(axis=1)
    return _compared(ours, theirs, there.reshape(size[::-1]), grid)


def _compared(ours: Grey, theirs: Grey, there: NDArray[np.bool_], grid: Grey) -> Exactness:
    before, contrast, _ = _correlations(ours, theirs, 9.0)
    busy = there & (contrast > _BUSY)
    if busy.sum() < 2 * _FEWEST:
        return Exactness()
    flow = _flow(ours, theirs)
    plane = _plane(flow, before, busy, grid)
    along, _, _ = _correlations(_shifted(ours, grid + flow), theirs, 9.0)
    aligned = _shifted(ours, grid + plane)
    after, _, our_contrast = _correlations(aligned, theirs, 9.0)
    fine, fine_contrast, _ = _correlations(_detail(aligned), _detail(theirs), 0.5)
    shift = np.hypot(*np.moveaxis(flow - plane, -1, 0))
    seen, shifts = after[busy], shift[busy]
    same = seen > _SAME
    fine_busy = there & (fine_contrast > _FINE_BUSY)
    if fine_busy.sum() < _FEWEST:
        fine, fine_busy = np.zeros_like(fine), busy
    details = fine[fine_busy]
    of_same = fine[fine_busy & (after > _SAME)]
    height, width = there.shape
    middle = np.zeros_like(busy)
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    middle &= busy
    return Exactness(
        share=float(same.mean()),
        correlation=float(seen.mean()),
        best=_best(seen, 0.4),
        best_fifth=_best(seen, 0.2),
        fine=float(details.mean()),
        fine_best=_best(details, 0.4),
        fine_best_fifth=_best(details, 0.2),
        fine_share=float((details > _SAME).mean()),
        fine_equal=float((details > _NEAR_SAME).mean()),
        fine_of_same=float(np.median(of_same)) if len(of_same) > _FEWEST else 0.0,
        shift=_log(float(np.median(shifts))),
        shift_quarter=_log(float(np.quantile(shifts, 0.25))),
        shift_tenth=_log(float(np.quantile(shifts, 0.1))),
        shift_of_same=_log(float(np.median(shifts[same])) if same.sum() > _FEWEST else _UNKNOWN),
        still=float((shifts < 0.5).mean()),
        quite_still=float((shifts < 0.25).mean()),
        moved=float((along[busy] - seen).mean()),
        denied=float(((seen < _OTHER) & (our_contrast[busy] > _BUSY)).mean()),
        middle=float((after[middle] > _SAME).mean()) if middle.sum() > _FEWEST else 0.5,
        busy=float(busy.sum() / there.sum()),
    )


def _flow(ours: Grey, theirs: Grey) -> Grey:
    """Where each pixel of theirs is in ours, less where it is in theirs: (h, w, 2)."""
    cv2 = opencv()
    dense = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow: Grey = dense.calc(_evenly_lit(theirs), _evenly_lit(ours), None)
    # In what has no texture the flow may run away.
    return np.clip(np.nan_to_num(flow), -_SIDE, _SIDE)


def _plane(flow: Grey, weights: Grey, busy: NDArray[np.bool_], grid: Grey) -> Grey:
    """The affine part of the flow, fitted to what correlates, with less regard for outliers."""
    size = np.float64(100.0)
    rows = np.flatnonzero(busy)
    rows = rows[:: max(1, len(rows) // _SAMPLED)]
    found = flow.reshape(-1, 2)[rows].astype(np.float64)
    design = np.column_stack([grid.reshape(-1, 2)[rows] / size, np.ones(len(rows))])
    base = np.clip(weights.reshape(-1)[rows], 0.02, 1).astype(np.float64) ** 2
    weight = base
    for _ in range(6):
        squared = design.T * weight
        # A hair's breadth of ridge: pixels on one line have no plane.
        plane = np.linalg.solve(squared @ design + 1e-6 * np.eye(3), squared @ found)
        weight = base / np.maximum(np.hypot(*(found - design @ plane).T), 0.2)
    fitted: Grey = (grid / size @ plane[:2] + plane[2]).astype(np.float32)
    return fitted


def _correlations(ours: Grey, theirs: Grey, least: float) -> tuple[Grey, Grey, Grey]:
    """The correlation of the window around each pixel, theirs and our standard deviations."""
    mean_ours, mean_theirs = _soft(ours, _AROUND), _soft(theirs, _AROUND)
    both = _soft(ours * theirs, _AROUND) - mean_ours * mean_theirs
    variance_ours = np.maximum(_soft(ours * ours, _AROUND) - mean_ours**2, 0)
    variance_theirs = np.maximum(_soft(theirs * theirs, _AROUND) - mean_theirs**2, 0)
    correlation = both / np.sqrt((variance_ours + least) * (variance_theirs + least))
    return correlation, np.sqrt(variance_theirs), np.sqrt(variance_ours)


def _evenly_lit(grey: Grey) -> NDArray[np.uint8]:
    """Grey levels in which every window has the same mean and contrast, for flow."""
    plain = grey - _soft(grey, _LIGHT)
    even: Grey = plain / np.sqrt(_soft(plain * plain, _LIGHT) + np.float32(9))
    return np.clip(_soft(even, 1.0) * 40 + 128, 0, 255).astype(np.uint8)


def _detail(grey: Grey) -> Grey:
    return _soft(grey, 1.0) - _soft(grey, 4.0)


def _soft(grey: Grey, deviation: float) -> Grey:
    soft: Grey = opencv().GaussianBlur(grey, (0, 0), deviation)
    return soft


def _shifted(grey: Grey, places: Grey) -> Grey:
    cv2 = opencv()
    shifted: Grey = cv2.remap(
        grey,
        places.astype(np.float32),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return shifted


def _best(values: Grey, part: float) -> float:
    """The mean of the largest part of them."""
    most = int(part * len(values)) + 1
    return float(np.partition(values, len(values) - most)[-most:].mean())


def _log(shift: float) -> float:
    return float(np.log(shift + _FLOOR))
