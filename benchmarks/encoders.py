"""How fast each encoder is, by runtime, threads, batch and callers.

    python benchmarks/encoders.py ../shared/data/labelled [--pictures 32] [--encoders NAME…]

All variants of one encoder take turns in one process and the median of the rounds is printed,
with the ratio to the variant that lookalike uses. With OpenVINO installed
(pip install openvino) it takes part, in float32, and in bfloat16 where the processor has it;
the least cosine to ONNX Runtime's embedding says what that does to the numbers.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from lookalike.encoders import registry, weights
from lookalike.encoders.card import ModelCard
from lookalike.encoders.graph import extra_output
from lookalike.encoders.onnx import OnnxEncoder

Run = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Print one table for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoders", nargs="*", default=registry.names())
    options = parser.parse_args()
    files = sorted(options.labelled.glob("*/*.jpg"))[: options.pictures]
    pictures = [Image.open(file).convert("RGB") for file in files]
    for name in options.encoders:
        encoder = registry.load(name)
        start = time.perf_counter()
        prepared = [encoder.prepare(picture) for picture in pictures]
        preparing = (time.perf_counter() - start) / len(pictures) * 1000
        print(f"\n## {name}: prepare {preparing:.2f} ms a picture\n")
        if isinstance(encoder, OnnxEncoder):
            variants = dict(all_variants(encoder, np.stack(prepared)))
        else:
            variants = {"ours, all at once": partial(encoder.encode_prepared, prepared)}
        compare(variants, len(pictures), options.rounds)


def compare(variants: dict[str, Callable[[], np.ndarray]], count: int, rounds: int) -> None:
    """Run the variants in turns; print ms a picture, ratio to the first, least cosine to it."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    results = {name: run() for name, run in variants.items()}
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) / count * 1000)
    first = next(iter(variants))
    base = statistics.median(times[first])
    print("| variant | ms a picture | ratio | least cosine |\n|---|---|---|---|")
    for name, measured in times.items():
        median = statistics.median(measured)
        cosine = "" if results[name].dtype == np.uint8 else cosines(results[first], results[name])
        print(f"| {name} | {median:.2f} | {median / base:.2f} | {cosine} |", flush=True)


def cosines(one: np.ndarray, other: np.ndarray) -> str:
    """The least cosine between rows of the two."""
    other = other / np.linalg.norm(other, axis=1, keepdims=True)
    return f"{(one * other).sum(axis=1).min():.4f}"


def all_variants(
    encoder: OnnxEncoder, pixels: np.ndarray
) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """Ours first, then each runtime, thread count, batch and number of callers."""
    card = encoder.card
    rows = list(pixels)
    yield "ours, all at once", lambda: encoder.encode_prepared(rows)
    yield (
        "ours, one after the other",
        lambda: np.concatenate([encoder.encode_prepared([row]) for row in rows]),
    )
    for threads in (1, 2):
        for spin in (False, True)[:threads]:
            run = onnx_run(card, threads, spin)
            for batch in (1, 4, 8, 16, 32):
                label = f"ONNX Runtime, {threads} threads{', spinning' * spin}, batch {batch}"
                yield label, lambda run=run, batch=batch: in_batches(run, pixels, batch)
            label = f"ONNX Runtime, {threads} threads{', spinning' * spin}, 2 callers"
            yield label, lambda run=run: by_callers(run, pixels, 2)
    try:
        import openvino
    except ImportError:
        return
    precisions = ["f32"]
    if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        precisions.append("bf16")
    for precision in precisions:
        for threads in (1, 2):
            run = openvino_run(card, threads, precision)
            for batch in (1, 8):
                label = f"OpenVINO {precision}, {threads} threads, batch {batch}"
                yield label, lambda run=run, batch=batch: in_batches(run, pixels, batch)


def in_batches(run: Run, pixels: np.ndarray, batch: int) -> np.ndarray:
    """One caller."""
    return np.concatenate([run(pixels[i : i + batch]) for i in range(0, len(pixels), batch)])


def by_callers(run: Run, pixels: np.ndarray, callers: int) -> np.ndarray:
    """Several callers, one picture each at a time."""
    with ThreadPoolExecutor(callers) as pool:
        return np.concatenate(list(pool.map(lambda row: run(row[None]), pixels)))


def model_bytes(card: ModelCard) -> bytes:
    """The model with the wanted value among its outputs."""
    (found,) = weights.find(card, "image")
    content = found.path.read_bytes()
    names = [value.name for value in onnxruntime.InferenceSession(content).get_outputs()]
    return content if card.image.output in names else content + extra_output(card.image.output)


def pooled(card: ModelCard, output: np.ndarray) -> np.ndarray:
    """One row for each picture."""
    return output[:, 0] if card.image.pool == "first-token" else output.reshape(len(output), -1)


def onnx_run(card: ModelCard, threads: int, spin: bool) -> Run:
    """A session of ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
    session = onnxruntime.InferenceSession(model_bytes(card), options)
    return lambda x: pooled(card, session.run([card.image.output], {card.image.input: x})[0])


def openvino_run(card: ModelCard, threads: int, precision: str) -> Run:
    """A compiled model of OpenVINO."""
    import openvino

    core = openvino.Core()
    model = core.read_model(model_bytes(card))
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        },
    )
    outputs = [port for port in compiled.outputs if card.image.output in port.get_names()]
    return lambda x: pooled(card, compiled({card.image.input: x})[outputs[0]])


if __name__ == "__main__":
    main()
