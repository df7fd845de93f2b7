"""Logistic regression, as the fitting scripts need it."""

import numpy as np
from numpy.typing import NDArray


def fitted(
    rows: NDArray[np.float64],
    right: NDArray[np.bool_],
    *,
    pull: float,
    counts: NDArray[np.float64] | None = None,
    positive: bool = True,
) -> NDArray[np.float64]:
    """Constant and weights, by Newton's method.

    Args:
        rows: (n, parts) evidence.
        right: (n,) whether each is a copy.
        pull: of the weights towards 0: what hardly occurs shall not decide.
        counts: (n,) how much each row counts; 1 by default.
        positive: no weight below 0: each part speaks for a copy.
    """
    active = np.ones(rows.shape[1] + 1, bool)
    design = np.hstack([np.ones((len(rows), 1)), rows])
    each = np.ones(len(rows)) if counts is None else counts
    while True:
        some = design[:, active]
        weights = np.zeros(some.shape[1])
        pulls = np.full(some.shape[1], pull)
        pulls[0] = 1e-6
        for _ in range(100):
            chance = 1 / (1 + np.exp(-np.clip(some @ weights, -30, 30)))
            slope = some.T @ (each * (right - chance)) - pulls * weights
            bend = (some * (each * chance * (1 - chance))[:, None]).T @ some + np.diag(pulls)
            step = np.linalg.solve(bend, slope)
            weights = weights + step * min(1.0, 4.0 / max(np.abs(step).max(), 1e-9))
        whole = np.zeros(len(active))
        whole[active] = weights
        if not positive or (whole[1:] >= 0).all():
            return whole
        active[1:] &= whole[1:] > 0
