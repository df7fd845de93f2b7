import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.encoders.projection import Projection, fit, read, write
from lookalike.errors import UsageError, WeightsError


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def sample(count=4000, size=24, seed=0):
    """Unit vectors about a common mean, with components of ever smaller spread."""
    noise = np.random.default_rng(seed).normal(size=(count, size)) * 0.8 ** np.arange(size)
    return unit(noise + 3 * np.eye(size)[-1])


def test_whitening_evens_out_the_components_and_half_of_it_by_half():
    vectors = sample()
    spreads = {}
    for power in (0, 0.5, 1):
        projection = fit(vectors, 12, power)
        spreads[power] = ((vectors - projection.mean) @ projection.matrix).var(0)
    ratio = {power: spread[0] / spread[-1] for power, spread in spreads.items()}
    assert ratio[1] == pytest.approx(1, rel=0.05)
    assert ratio[0.5] == pytest.approx(ratio[0] ** 0.5, rel=0.05)


def test_components_are_uncorrelated_and_in_falling_order():
    vectors = sample()
    projection = fit(vectors, 12, 0)
    covariance = np.cov(((vectors - projection.mean) @ projection.matrix).T)
    spread = np.diag(covariance)
    assert (np.diff(spread) < 0).all()
    assert np.abs(covariance - np.diag(spread)).max() < 0.01 * spread[0]


def test_all_components_without_whitening_keep_the_centred_cosines():
    vectors = sample(size=8)
    centred = unit(vectors - vectors.mean(0))
    projected = fit(vectors, 8, 0).project(vectors)
    np.testing.assert_allclose(projected @ projected[:5].T, centred @ centred[:5].T, atol=5e-3)


def test_the_same_sample_gives_the_same_projection_however_it_is_ordered():
    vectors = sample()
    first, second = fit(vectors, 6, 0.5), fit(vectors[::-1], 6, 0.5)
    np.testing.assert_allclose(first.project(vectors), second.project(vectors), atol=5e-3)


def test_a_small_sample_is_whitened_less():
    many, few = sample(4000), sample(40)

    def gain(vectors):
        weights = np.linalg.norm(fit(vectors, 20, 1).matrix, axis=0)
        return weights[-1] / weights[0]

    assert gain(few) < 0.5 * gain(many)


def test_fewer_pictures_than_components_of_the_model_are_enough():
    projection = fit(sample(20, 64), 16, 0.5)
    assert np.isfinite(projection.matrix).all()
    assert projection.size == 16


def test_texts_are_centred_by_their_own_mean():
    vectors, texts = sample(seed=1), sample(seed=2) + np.float32(0.3)
    mean = texts.mean(0)
    apart = fit(vectors, 6, 0.5, mean_text=mean)
    expected = unit((texts - mean) @ apart.matrix)
    np.testing.assert_allclose(apart.project_text(texts), expected, atol=1e-5)
    together = fit(vectors, 6, 0.5)
    np.testing.assert_array_equal(together.project_text(texts), together.project(texts))


def test_an_embedding_that_is_the_mean_is_like_nothing():
    projection = Projection("1", np.ones(3, np.float32), np.eye(3, 2, dtype=np.float32))
    assert not projection.project(np.ones((1, 3), np.float32)).any()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(9, 60),
    size=st.integers(1, 8),
    power=st.floats(0, 1),
)
def test_projected_rows_are_float32_of_unit_length(seed, count, size, power):
    vectors = sample(count, 8, seed)
    projected = fit(vectors, size, power).project(vectors.astype(np.float16))
    assert projected.shape == (count, size)
    assert projected.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("mean_text", [None, np.full(24, 0.25, np.float32)])
def test_what_is_read_is_what_was_written(tmp_path, mean_text):
    projection = fit(sample(), 7, 0.5, version="3", mean_text=mean_text)
    path = tmp_path / "tiny.npz"
    write(projection, path)
    again = read(path)
    assert again.version == "3"
    np.testing.assert_array_equal(again.mean, projection.mean)
    np.testing.assert_array_equal(again.matrix, projection.matrix)
    if mean_text is None:
        assert again.mean_text is None
    else:
        np.testing.assert_array_equal(again.mean_text, mean_text)


def test_writing_twice_gives_the_same_bytes():
    first, second = io.BytesIO(), io.BytesIO()
    write(fit(sample(), 4, 0.5), first)
    write(fit(sample(), 4, 0.5), second)
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    ("vectors", "size", "power", "words"),
    [
        (np.ones(8), 2, 0.5, "must be"),
        (sample(size=8), 9, 0.5, "to 9 components"),
        (sample(size=8), 0, 0.5, "to 0 components"),
        (sample(size=8), 4, 1.5, "between 0 and 1"),
        (sample(4, 8), 4, 0.5, "there are 4"),
        (np.full((20, 8), np.nan), 4, 0.5, "not finite"),
        (np.ones((20, 8)), 4, 0.5, "all the same"),
    ],
)
def test_what_cannot_be_fitted_is_refused(vectors, size, power, words):
    with pytest.raises(UsageError, match=words):
        fit(vectors, size, power)


class Trap:
    def __reduce__(self):
        return print, ("unpickled",)


def test_nothing_is_unpickled(tmp_path, capsys):
    path = tmp_path / "trap.npz"
    good = {"version": np.array("1"), "mean": np.zeros(2, np.float32)}
    np.savez(path, **good, matrix=np.array([Trap()], dtype=object))
    with pytest.raises(WeightsError, match=r"trap\.npz .*: matrix\.npy holds Python objects"):
        read(path)
    assert "unpickled" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arrays",
    [
        {"mean": np.zeros(3)},
        {"mean": np.zeros(3), "matrix": np.zeros((2, 2))},
        {"mean": np.zeros((3, 1)), "matrix": np.zeros((3, 2))},
        {"mean": np.zeros(3), "matrix": np.zeros(3)},
        {"mean": np.zeros(3), "matrix": np.zeros((3, 0))},
        {"mean": np.array(0.0), "matrix": np.array(0.0)},
        {"mean": np.zeros(3), "matrix": np.full((3, 2), np.inf)},
        {"mean": np.array(["a"] * 3), "matrix": np.zeros((3, 2))},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2), "mean_text": np.zeros(4)},
        {"mean": np.zeros(3), "matrix": np.zeros((3, 2))},
        {"mean": np.zeros(3), "matrix": np.eye(3, 4)},
        {"mean": np.zeros(3), "matrix": np.full((3, 2), 1e300)},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2) * 1j},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2), "version": np.array("")},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2), "version": np.array("\x1b[31m")},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2), "version": np.array("a\udcff")},
        {"mean": np.zeros(3), "matrix": np.eye(3, 2), "version": np.array("a" * 101)},
    ],
)
def test_a_file_that_is_no_projection_is_named(tmp_path, arrays):
    path = tmp_path / "wrong.npz"
    np.savez(path, **{"version": np.array("1"), **arrays})
    with pytest.raises(WeightsError, match=r"wrong\.npz is not a projection"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.npz .*: it is no \.npz file"):
        read(path)


@pytest.mark.parametrize("shape", [(3, 10**12), (3, 10**30), (3, -2), (3, 2)])
def test_a_header_that_lies_fills_no_memory(tmp_path, shape):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(tmp_path / "liar.npz", "w") as file:
        file.writestr("matrix.npy", header.getvalue())
    with pytest.raises(WeightsError, match=r"liar\.npz is not a projection that can be read"):
        read(tmp_path / "liar.npz")


def test_what_unpacks_without_end_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for part in range(5):
            file.writestr(f"{part}.npy", bytes(1 << 26))
    with pytest.raises(WeightsError, match=r"bomb\.npz .* larger than 268,435,456 bytes"):
        read(tmp_path / "bomb.npz")


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_byte_is_noticed_or_harmless(place, value):
    kept = io.BytesIO()
    write(fit(sample(), 7, 0.5), kept)
    data = bytearray(kept.getvalue())
    data[place % len(data)] = value
    with contextlib.suppress(WeightsError):
        assert read(io.BytesIO(bytes(data))).matrix.shape == (24, 7)


@pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
def test_a_matrix_of_any_scale_is_kept(tmp_path, scale):
    fitted = fit(sample(), 7, 0.5)
    scaled = Projection("1", fitted.mean, fitted.matrix * np.float32(scale))
    write(scaled, tmp_path / "scaled.npz")
    rows = sample(seed=5)
    np.testing.assert_allclose(
        read(tmp_path / "scaled.npz").project(rows), fitted.project(rows), atol=2e-3
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"absent\.npz"):
        read(tmp_path / "absent.npz")
