import subprocess
import sys

import pytest

# Encoders that come and go, as in a program that opens one collection after the other.
SCRIPT = """
import faulthandler, gc, os, signal, time

from PIL import Image

from lookalike.encoders import registry

faulthandler.enable()  # it has a stack of its own for signals, as OpenVINO has
signal.signal(signal.SIGINT, signal.default_int_handler)
pictures = [Image.new("RGB", (64, 64), (value, 90, 30)) for value in (0, 200)]
encoders = []
for name in ("mobilenet-v3-large", "sscd-distilled"):
    encoders.append(registry.load(name))
    encoders[-1].encode_images(pictures)
    assert encoders[-1].runtime == "openvino"
    registry.forget(name)
while encoders:
    encoders.pop(0)
    gc.collect()
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_after_encoders_came_and_went(monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("LOOKALIKE_RUNTIME", "openvino")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
