"""The GPU that CUDA would take first."""

import os
from typing import Any


def free_bytes() -> int | None:
    """Free memory of the first GPU that CUDA_VISIBLE_DEVICES lets be seen; None without one.

    Raises:
        ImportError: nvidia-ml-py is not installed.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
        device = _first(os.environ.get("CUDA_VISIBLE_DEVICES"))
        return None if device is None else int(pynvml.nvmlDeviceGetMemoryInfo(device).free)
    except pynvml.NVMLError:
        return None


def _first(visible: str | None) -> Any:
    """The handle of the first device of a list such as "1,0" or "GPU-8f…"."""
    import pynvml

    name = "0" if visible is None else visible.split(",")[0].strip()
    if name.startswith(("GPU-", "MIG-")):
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    if not name.isdecimal():  # empty and -1 hide every device
        return None
    return pynvml.nvmlDeviceGetHandleByIndex(int(name))
