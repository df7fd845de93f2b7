"""ONNX Runtime on the processor: what every model runs on where nothing else wins."""

from lookalike.encoders.runtimes.base import Callers, Model
from lookalike.encoders.session import Session


class OnnxRuntime(Callers):
    """One thread for each of several callers gives the most pictures per second."""

    name = "onnxruntime"

    def __init__(self, model: Model) -> None:
        session = Session(model.path, model.tower.output, threads=1)
        super().__init__(lambda pixels: session.run({model.tower.input: pixels}), model.threads)
