"""A small encoder and small pictures, for what is about the pipeline and not about models."""

import colorsys
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike.records import EncoderSpec


class TinyEncoder:
    """The mean colours of the quarters of a picture, and a constant: 13 components.

    Counts what it is asked; `fail_at` is the number of the call that fails, `seconds` the time
    that one picture takes.
    """

    has_text = False

    def __init__(self, name="tiny", *, min_side=8, seconds=0.0):
        self.spec = EncoderSpec(name, "embedding", 13, "1")
        self.min_side = min_side
        self.seconds = seconds
        self.encoded = 0
        self.prepared = 0
        self.calls = 0
        self.fail_at = None
        self.error = RuntimeError("the model fell over")
        self._lock = threading.Lock()

    def prepare(self, picture):
        with self._lock:
            self.prepared += 1
        return np.asarray(picture.resize((2, 2))).astype(np.float32).ravel()

    def encode_prepared(self, batch):
        self.calls += 1
        if self.calls == self.fail_at:
            raise self.error
        time.sleep(self.seconds * len(batch))
        self.encoded += len(batch)
        rows = np.stack([np.append(row, 64.0) for row in batch]).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def draw(path: Path, number: int, size: tuple[int, int] = (16, 12)) -> Path:
    """Write a picture that no other number gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.8, 0.5 + number % 50 / 100)
    image = Image.new("RGB", size, tuple(int(255 * part) for part in colour))
    image.putpixel((0, 0), (number % 256, number // 256 % 256, 7))
    image.save(path)
    return path
