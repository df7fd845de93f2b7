"""Features of a mirrored or inverted picture, from those of the picture itself.

A SIFT descriptor is a histogram of 4 rows × 4 columns of cells × 8 directions, turned so that the
feature's own direction is the x axis. Mirroring swaps the rows and reverses the directions;
inverting turns the feature's direction by 180°, which reverses the order of the cells. Neither
has to be extracted again.
"""

from dataclasses import replace

import numpy as np

from lookalike.proof.features import Features

_CELLS = np.arange(128).reshape(4, 4, 8)
_MIRRORED = _CELLS[::-1, :, (-np.arange(8)) % 8].reshape(128)
_INVERTED = _CELLS[::-1, ::-1].reshape(128)


def mirrored(features: Features) -> Features:
    """The features of the picture with left and right swapped."""
    points = features.points.copy()
    points[:, 0] = features.grey.shape[1] - points[:, 0]
    return replace(
        features,
        points=points,
        angles=(180 - features.angles) % 360,
        descriptors=features.descriptors[:, _MIRRORED],
        grey=np.ascontiguousarray(features.grey[:, ::-1]),
    )


def inverted(features: Features) -> Features:
    """The features of the picture's negative."""
    return replace(
        features,
        angles=(features.angles + 180) % 360,
        descriptors=features.descriptors[:, _INVERTED],
        grey=255 - features.grey,
    )
