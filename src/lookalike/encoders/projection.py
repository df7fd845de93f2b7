"""Projections: embeddings centred, partly whitened and made shorter, for better look-alikes.

A few directions that nearly all pictures share dominate the cosines of raw embeddings. Taking the
mean away and evening out the principal components lets the rare directions count, and the small
components can then be left off (Jégou & Chum 2012, "Negative evidences and co-occurrences in image
retrieval: the benefit of PCA and whitening", ECCV; partial powers as in Mukundan et al. 2019,
"Understanding and improving kernel local descriptors", IJCV).
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError, WeightsError


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """y = (x - mean) · matrix, scaled to unit length.

    `mean` is (d,) and `matrix` (d, k), both float32. Texts are centred by `mean_text` (d,) where
    there is one, else by `mean`: the texts of a model with two towers lie apart from its pictures.
    """

    version: str
    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]
    mean_text: NDArray[np.float32] | None = None

    @property
    def size(self) -> int:
        """Components of a projected embedding."""
        return int(self.matrix.shape[1])

    def project(self, vectors: NDArray[Any]) -> NDArray[np.float32]:
        """Project embeddings of pictures, (n, d) of unit length, to (n, k) of unit length.

        A row of which nothing is left (it is the mean) stays zero: its cosine to all is 0.
        """
        return self._apply(vectors, self.mean)

    def project_text(self, vectors: NDArray[Any]) -> NDArray[np.float32]:
        """Project embeddings of texts, as `project` does those of pictures."""
        return self._apply(vectors, self.mean if self.mean_text is None else self.mean_text)

    def _apply(self, vectors: NDArray[Any], mean: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = (np.asarray(vectors, dtype=np.float32) - mean) @ self.matrix
        lengths = np.sqrt((rows * rows).sum(1, keepdims=True))
        lengths[lengths == 0] = 1
        unit: NDArray[np.float32] = rows / lengths
        return unit


def fit(
    vectors: NDArray[Any],
    size: int,
    power: float,
    *,
    version: str = "1",
    mean_text: NDArray[Any] | None = None,
) -> Projection:
    """Fit a projection on embeddings of a background sample of pictures.

    Principal component i is divided by eigenvalue_i^(power/2): power 0 only turns and cuts, 1
    whitens, 0.5 does half of it. The eigenvalues are first drawn towards their mean, the more the
    smaller the sample is (Chen et al. 2010, "Shrinkage algorithms for MMSE covariance estimation",
    OAS). The matrix is rounded to float16, as `write` keeps it.

    Args:
        vectors: (n, d), rows of unit length, n > `size`.
        size: components to keep, 1 to d.
        power: 0 to 1.
        version: any text that tells this projection from others of the encoder.
        mean_text: (d,), the mean of texts' embeddings, when texts are to be centred by their own.

    Raises:
        UsageError: there are too few vectors for that size, they are not finite, or an argument
            is out of range.
    """
    sample = np.asarray(vectors, dtype=np.float64)
    if sample.ndim != 2 or not 1 <= size <= sample.shape[1]:
        raise UsageError(
            f"A projection to {size} components cannot be fitted on an array of shape "
            f"{sample.shape}: it must be (n, d) with d of at least {size}"
        )
    if not 0 <= power <= 1:
        raise UsageError(f"The power of whitening is {power}; it must be between 0 and 1")
    if len(sample) <= size:
        raise UsageError(
            f"A projection to {size} components needs more than {size} embeddings to be fitted "
            f"on, and there are {len(sample)}: bring more pictures or ask for fewer components"
        )
    if not np.isfinite(sample).all():
        raise UsageError("Some of the embeddings to fit a projection on are not finite")
    mean = sample.mean(0)
    values, axes = np.linalg.eigh(np.cov(sample, rowvar=False, bias=True).reshape(len(mean), -1))
    values, axes = values[::-1].clip(min=0), axes[:, ::-1]
    values = _shrink(values, len(sample))[:size]
    if values[-1] <= 0:
        raise UsageError("The embeddings to fit a projection on are all the same")
    axes = axes[:, :size] * np.sign(axes[np.abs(axes).argmax(0), np.arange(len(mean))])[:size]
    matrix = axes * values ** (-power / 2)
    matrix = (matrix / np.abs(matrix).max()).astype(np.float16)
    return Projection(
        version=version,
        mean=mean.astype(np.float32),
        matrix=matrix.astype(np.float32),
        mean_text=None if mean_text is None else np.asarray(mean_text, dtype=np.float32),
    )


def _shrink(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Eigenvalues of a covariance from `count` vectors, drawn towards their mean by OAS."""
    size, total, squares = len(values), values.sum(), (values**2).sum()
    above = (1 - 2 / size) * squares + total**2
    below = (count + 1 - 2 / size) * (squares - total**2 / size)
    weight = 1.0 if below <= 0 else min(1.0, above / below)
    drawn: NDArray[np.float64] = (1 - weight) * values + weight * total / size
    return drawn


def write(projection: Projection, target: Path | IO[bytes]) -> None:
    """Write an .npz file of plain arrays: the matrix float16, the means float32."""
    arrays: dict[str, NDArray[Any]] = {
        "version": np.array(projection.version),
        "mean": projection.mean.astype(np.float32),
        "matrix": projection.matrix.astype(np.float16),
    }
    if projection.mean_text is not None:
        arrays["mean_text"] = projection.mean_text.astype(np.float32)
    np.savez_compressed(target, allow_pickle=False, **arrays)


def read(source: Path | IO[bytes]) -> Projection:
    """Read what `write` wrote; nothing is unpickled.

    Raises:
        WeightsError: it cannot be read, or is no projection.
    """
    try:
        data = source.read_bytes() if isinstance(source, Path) else source.read()
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            projection = Projection(
                version=str(arrays["version"]),
                mean=arrays["mean"].astype(np.float32),
                matrix=arrays["matrix"].astype(np.float32),
                mean_text=(
                    arrays["mean_text"].astype(np.float32) if "mean_text" in arrays else None
                ),
            )
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{source} is not a projection that can be read: {error}") from error
    parts = [projection.mean, projection.matrix]
    parts += [] if projection.mean_text is None else [projection.mean_text]
    length, size = projection.matrix.shape if projection.matrix.ndim == 2 else (-1, -1)
    if [part.shape for part in parts] != [(length,), (length, size), (length,)][: len(parts)] or (
        not all(part.size and np.isfinite(part).all() for part in parts)
    ):
        raise WeightsError(
            f"{source} is not a projection that can be used: its arrays are of shapes "
            f"{[part.shape for part in parts]}, or not finite"
        )
    return projection
