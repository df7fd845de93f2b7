import numpy as np
import onnxruntime
import tiny_onnx

from lookalike.encoders.graph import extra_output


def test_an_inner_value_becomes_an_output():
    model = tiny_onnx.image_tower(2.0) + extra_output("scaled")
    session = onnxruntime.InferenceSession(model)
    assert [value.name for value in session.get_outputs()] == ["embedding", "scaled"]
    pixels = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    (scaled,) = session.run(["scaled"], {"pixels": pixels})
    np.testing.assert_array_equal(scaled, pixels * 2)


def test_long_names_have_long_lengths():
    name = "x" * 300
    assert extra_output(name).endswith(name.encode())
    # Tags 7, 12 and 1 with wire type 2; lengths as little-endian groups of seven bits.
    assert extra_output(name)[:9] == bytes([0x3A, 0xB2, 0x02, 0x62, 0xAF, 0x02, 0x0A, 0xAC, 0x02])
