"""Projections: embeddings centred, partly whitened and made shorter, for better look-alikes.

A few directions that nearly all pictures share dominate the cosines of raw embeddings. Taking the
mean away and evening out the principal components lets the rare directions count, and the small
components can then be left off (Jégou & Chum 2012, "Negative evidences and co-occurrences in image
retrieval: the benefit of PCA and whitening", ECCV; partial powers as in Mukundan et al. 2019,
"Understanding and improving kernel local descriptors", IJCV).
"""

import zipfile
import zlib
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
    """Write an .npz file of plain arrays: the means float32, the matrix float16.

    The largest number of the matrix is made 1, so that float16 holds all that counts; lengths are
    made 1 anyway.
    """
    matrix = projection.matrix.astype(np.float32)
    largest = np.abs(matrix).max(initial=0)
    if 0 < largest < np.inf:
        matrix = matrix / largest
    arrays: dict[str, NDArray[Any]] = {
        "version": np.array(projection.version),
        "mean": projection.mean.astype(np.float32),
        "matrix": matrix.astype(np.float16),
    }
    if projection.mean_text is not None:
        arrays["mean_text"] = projection.mean_text.astype(np.float32)
    np.savez_compressed(target, allow_pickle=False, **arrays)


def read(source: Path | IO[bytes]) -> Projection:
    """Read what `write` wrote; nothing is unpickled, and no more than 256 MB unpacked.

    Raises:
        WeightsError: it cannot be read, or is no projection.
    """
    what = str(source) if isinstance(source, Path) else "The projection"
    try:
        arrays = _arrays(source)
        projection = Projection(
            version=str(arrays["version"]),
            mean=_numbers(arrays["mean"]),
            matrix=_numbers(arrays["matrix"]),
            mean_text=_numbers(arrays["mean_text"]) if "mean_text" in arrays else None,
        )
    except KeyError as error:
        raise WeightsError(f"{what} is not a projection: it has no array {error}") from error
    except zipfile.BadZipFile as error:
        raise WeightsError(
            f"{what} is not a projection that can be read: it is no .npz file, or a damaged one"
        ) from error
    except _UNREADABLE as error:
        raise WeightsError(f"{what} is not a projection that can be read: {error}") from error
    if complaint := _complaint(projection):
        raise WeightsError(f"{what} is not a projection that can be used: {complaint}")
    return projection


_MOST_BYTES = 1 << 28
_LONGEST_VERSION = 100
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)
"""What a file that is damaged, or made to do harm, makes zipfile and numpy raise."""


def _arrays(source: Path | IO[bytes]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name."""
    if isinstance(source, Path) and source.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(source) as file:
        if sum(member.file_size for member in file.infolist()) > _MOST_BYTES:
            raise ValueError(f"unpacked it is larger than {_MOST_BYTES:,} bytes")
        for member in file.namelist():
            with file.open(member) as opened:
                arrays[member.removesuffix(".npy")] = _array(opened, member)
    return arrays


def _array(file: IO[bytes], member: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):  # NumPy's advice would be unsafe
            raise ValueError(f"{member} holds Python objects, which are never loaded") from error
        raise
    return array


def _numbers(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiu":
        raise ValueError(f"an array of {array.dtype} is not one of numbers")
    with np.errstate(over="ignore"):  # infinite ones are refused
        return array.astype(np.float32)


def _complaint(projection: Projection) -> str:
    """Why it cannot be used; empty when it can."""
    version = projection.version
    if not (version.isprintable() and 0 < len(version) <= _LONGEST_VERSION):
        return f"its version must be 1 to {_LONGEST_VERSION} printable characters"
    parts = [projection.mean, projection.matrix]
    parts += [] if projection.mean_text is None else [projection.mean_text]
    shapes = [part.shape for part in parts]
    length, size = projection.matrix.shape if projection.matrix.ndim == 2 else (-1, -1)
    if shapes != [(length,), (length, size), (length,)][: len(parts)] or not 1 <= size <= length:
        return f"its arrays are of shapes {shapes}, and not (d,) and (d, k) with k from 1 to d"
    if not all(np.isfinite(part).all() for part in parts):
        return "some of its numbers are not finite"
    if not projection.matrix.any():
        return "its matrix is nothing but zeros"
    return ""
