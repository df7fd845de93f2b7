"""The 32-point cosine transform, rounded exactly as SciPy rounds it.

Hash bits compare coefficients with their median. Where a picture is flat or symmetric, many
coefficients are zero but for rounding, and the bits are decided by the last place of a float.
To agree with hashes made by ImageHash even there, this follows the steps of pocketfft, the
library behind `scipy.fftpack.dct` (type II, unnormalised: y_k = 2 Σ x_n cos(πk(2n+1)/2N)):
Makhoul 1980, "A fast cosine transform in one and two dimensions". NumPy's real inverse FFT is
the same pocketfft.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_N = 32


def _twiddle() -> NDArray[np.float64]:
    """cos(2πi / 4N) for i = 1..N, as the product of a coarse and a fine table of 16 steps."""
    step = 2 * math.pi / (4 * _N)
    # At π/4 pocketfft takes the sine for the cosine and the other way round.
    coarse = [(1.0, 0.0), (math.sin(16 * step), math.cos(16 * step)), (0.0, 1.0)]
    fine = [(math.cos(i * step), math.sin(i * step)) for i in range(16)]
    pairs = [(coarse[i // 16], fine[i % 16]) for i in range(1, _N + 1)]
    return np.array([a[0] * b[0] - a[1] * b[1] for a, b in pairs])


_TWIDDLE = _twiddle()


def dct(values: NDArray[Any]) -> NDArray[np.float64]:
    """Transform the last axis, of length 32."""
    c = values.astype(np.float64)
    spectrum = np.zeros((*c.shape[:-1], _N // 2 + 1), np.complex128)
    odd, even = c[..., 1:-1:2], c[..., 2:-1:2]
    spectrum.real[..., 0] = c[..., 0] * 2
    spectrum.real[..., 1:-1] = even + odd
    spectrum.imag[..., 1:-1] = even - odd
    spectrum.real[..., -1] = c[..., -1] * 2
    mixed = np.fft.irfft(spectrum, n=_N, norm="forward")
    k = np.arange(1, _N // 2)
    low, high = mixed[..., k], mixed[..., _N - k]
    cos, sin = _TWIDDLE[k - 1], _TWIDDLE[_N - k - 1]
    plus, minus = cos * high + sin * low, cos * low - sin * high
    mixed[..., k] = 0.5 * (plus + minus)
    mixed[..., _N - k] = 0.5 * (plus - minus)
    mixed[..., _N // 2] *= _TWIDDLE[_N // 2 - 1]
    return mixed
