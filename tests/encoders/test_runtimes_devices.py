from types import SimpleNamespace

import pytest

from lookalike.encoders.runtimes import devices

pynvml = pytest.importorskip("pynvml")

FREE = {"index 0": 10, "index 1": 11, "uuid GPU-8f": 12}


@pytest.fixture
def two_gpus(monkeypatch):
    """A listing of two devices; the second has the UUID GPU-8f."""

    def handle(kind):
        def found(name):
            if f"{kind} {name}" not in FREE:
                raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
            return f"{kind} {name}"

        return found

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", handle("index"))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", handle("uuid"))
    monkeypatch.setattr(
        pynvml, "nvmlDeviceGetMemoryInfo", lambda device: SimpleNamespace(free=FREE[device])
    )


@pytest.mark.parametrize(
    ("visible", "free"),
    [(None, 10), ("1,0", 11), ("GPU-8f", 12), ("7", None), ("", None), ("-1", None)],
)
def test_free_memory_of_the_first_visible_device(two_gpus, monkeypatch, visible, free):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.free_bytes() == free


def test_no_driver(monkeypatch):
    def fail():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    assert devices.free_bytes() is None
