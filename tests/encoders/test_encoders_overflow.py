import numpy as np
import onnxruntime

from lookalike.encoders import overflow


def test_the_probe_runs_and_tells_right_from_wrong(monkeypatch):
    session = onnxruntime.InferenceSession(overflow._model())
    (product,) = session.run(["y"], {"x": np.ones((4, 64), np.uint8)})
    assert product.dtype == np.int32
    assert product.shape == (4, 16)
    assert (product == 127 * 64).all()  # small sums are right everywhere
    assert overflow.int8_overflows() in (True, False)


def test_a_saturated_sum_is_seen(monkeypatch):
    class Saturating:
        def __init__(self, *_: object, **__: object) -> None: ...

        def run(self, outputs, feed):
            return [np.full((4, 16), 32767 * 32, np.int32)]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Saturating)
    assert overflow.int8_overflows.__wrapped__()
