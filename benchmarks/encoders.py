"""How fast each encoder is, by runtime, precision, threads, batch and callers.

    python benchmarks/encoders.py ../shared/data/labelled [--pictures 16] [--encoders NAME…]
        [--provider cuda]

Each variant takes turns with ONNX Runtime as lookalike uses it without extras, one thread for each
of several callers; the medians of the rounds and their ratio are printed. `least cosine` to its
embeddings says what a variant does to the numbers. With OpenVINO installed (the extra `openvino`)
it takes part, in float32, and in bfloat16 where the processor has it. `chosen` is what lookalike
runs batches on here. `first search` is a process of its own that loads the model and encodes one
picture: what a command waits for.

With --provider cuda (the extra `gpu`), lookalike's batches on the GPU are compared instead, in
lots of 1 to 256 pictures.
"""

import argparse
import dataclasses
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from lookalike.encoders import registry
from lookalike.encoders.graph import extra_output
from lookalike.encoders.onnx import OnnxEncoder
from lookalike.encoders.runtimes import cuda, openvino
from lookalike.encoders.runtimes.base import Model
from lookalike.encoders.runtimes.onnxruntime import OnnxRuntime
from lookalike.encoders.session import pooled, unit_rows
from lookalike.encoders.weights import find
from lookalike.processors import processors

Run = Callable[[np.ndarray], np.ndarray]

FIRST_SEARCH = """
import sys, time
import onnxruntime
from lookalike.encoders import made_up, onnx, registry
start = time.perf_counter()
registry.load(sys.argv[1]).encode_images(made_up.pictures()[:1])
print(time.perf_counter() - start)
"""


def main() -> None:
    """Print one table for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    parser.add_argument("--provider", choices=["cpu", "cuda"], default="cpu")
    options = parser.parse_args()
    if options.provider == "cuda" and (missing := cuda.missing()):
        sys.exit(missing)
    files = sorted(options.labelled.glob("*/*.jpg"))
    pictures = [
        Image.open(file).convert("RGB") for file in files[:: len(files) // options.pictures]
    ]
    for name in options.encoders:
        encoder = registry.load(name)
        if isinstance(encoder, OnnxEncoder):
            print(f"\n## {name}\n", flush=True)
            report(encoder, pictures[: options.pictures], options.rounds, options.provider)


def report(encoder: OnnxEncoder, pictures: list[Image.Image], rounds: int, provider: str) -> None:
    """One encoder's table."""
    start = time.perf_counter()
    prepared = [encoder.prepare(picture) for picture in pictures]
    preparing = (time.perf_counter() - start) / len(pictures) * 1000
    told = [first_search(encoder.card.name) for _ in range(3)]
    first = statistics.median(told)
    print(f"prepare {preparing:.2f} ms a picture; first search {first:.2f} s; ", end="")
    print(f"chosen: {encoder.runtime}\n")
    print("| variant | ms a picture | ratio | least cosine |")
    print("|---|---|---|---|")
    tower = encoder.card.image
    (weights,) = find(encoder.card, "image")
    model = Model(weights.path, tower, processors())
    ours = OnnxRuntime(model)
    pixels = np.stack(prepared)
    expected = unit_rows(pooled(ours.run(pixels), tower.pool), encoder.card.name)
    variants = on_gpu(model, pixels) if provider == "cuda" else on_processor(model, pixels)
    print(f"| ONNX Runtime, 1 thread for each of {model.threads} callers | | 1.00 | |")
    for label, run in variants:
        got = unit_rows(pooled(run(), tower.pool), label)
        cosine = (got * np.resize(expected, got.shape)).sum(axis=1).min()
        base, other = compare(partial(ours.run, pixels), run, rounds)
        base, other = base / len(pixels), other / len(got)
        print(f"| {label} | {other:.2f} | {other / base:.2f} | {cosine:.4f} |", flush=True)


def compare(one: Callable[[], object], other: Callable[[], object], rounds: int) -> list[float]:
    """Run the two in turns; their medians in milliseconds."""
    times: list[list[float]] = [[], []]
    for run in (one, other):
        run()
    for _ in range(rounds):
        for run, measured in zip((one, other), times, strict=True):
            start = time.perf_counter()
            run()
            measured.append((time.perf_counter() - start) * 1000)
    return [statistics.median(measured) for measured in times]


def first_search(name: str) -> float:
    """Seconds in which a new process loads the model and encodes one picture."""
    command = [sys.executable, "-c", FIRST_SEARCH, name]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def on_processor(
    model: Model, pixels: np.ndarray
) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """Each runtime, precision, number of threads, batch and number of callers."""
    everything = model.threads
    for threads, spin in ((1, False), (everything, False), (everything, True)):
        run = onnx_run(model, threads, spin)
        head = f"ONNX Runtime, {threads} threads{', spinning' * spin}"
        for batch in (1, 8):
            yield f"{head}, batch {batch}", partial(in_batches, run, pixels, batch)
    if openvino.missing():
        return
    for precision in ("f32", "bf16"):
        if precision == "bf16" and "BF16" not in openvino.capabilities():
            continue
        rule = dataclasses.replace(model.tower.runtime, openvino=precision)
        tower = dataclasses.replace(model.tower, runtime=rule)
        fast = openvino.OpenVino(dataclasses.replace(model, tower=tower))
        label = f"OpenVINO {precision}, {everything} streams for as many callers"
        yield label, partial(fast.run, pixels)
        alone = openvino.OpenVino(dataclasses.replace(model, tower=tower, threads=1))
        yield f"OpenVINO {precision}, 1 stream", partial(alone.run, pixels)


def on_gpu(model: Model, pixels: np.ndarray) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """Lots of pictures as `encode_images` would get them."""
    gpu = cuda.Cuda(model)
    for count in (1, 8, 32, 128, 256):
        lot = np.resize(pixels, (count, *pixels.shape[1:]))
        yield f"CUDA, {count} pictures", partial(gpu.run, lot)


def in_batches(run: Run, pixels: np.ndarray, batch: int) -> np.ndarray:
    """One caller."""
    return np.concatenate([run(pixels[i : i + batch]) for i in range(0, len(pixels), batch)])


def onnx_run(model: Model, threads: int, spin: bool) -> Run:
    """A session of ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
    content = model.path.read_bytes()
    session = onnxruntime.InferenceSession(content, options)
    if model.tower.output not in {value.name for value in session.get_outputs()}:
        content += extra_output(model.tower.output)
        session = onnxruntime.InferenceSession(content, options)
    return lambda x: session.run([model.tower.output], {model.tower.input: x})[0]


if __name__ == "__main__":
    main()
