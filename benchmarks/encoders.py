"""How fast each encoder is, by runtime, threads, batch and callers.

    python benchmarks/encoders.py ../shared/data/labelled [--pictures 16] [--encoders NAME…]

Each variant takes turns with what lookalike does; the medians of the rounds and their ratio are
printed. With OpenVINO installed (pip install openvino) it takes part, in float32, and in
bfloat16 where the processor has it; the least cosine to lookalike's embeddings says what a
variant does to the numbers.
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
from lookalike.encoders.base import Encoder
from lookalike.encoders.card import ModelCard
from lookalike.encoders.graph import extra_output
from lookalike.encoders.onnx import OnnxEncoder

Run = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Print one table for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--pictures", type=int, default=16)
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
        ours = partial(encoder.encode_prepared, prepared)
        first, alone = compare(ours, partial(one_by_one, encoder, prepared), 5 * options.rounds)
        count = len(pictures)
        print(f"\n## {name}: prepare {preparing:.2f} ms a picture\n")
        print("| variant | ms a picture | ours at that moment | ratio | least cosine |")
        print("|---|---|---|---|---|")
        print(f"| ours, all at once | {first / count:.2f} | | 1.00 | |")
        print(f"| ours, one after the other | {alone / count:.2f} | | {alone / first:.2f} | |")
        if not isinstance(encoder, OnnxEncoder):
            continue
        pixels, expected = np.stack(prepared), ours()
        for label, run in all_variants(encoder.card, pixels):
            got = run()
            cosine = ((got / np.linalg.norm(got, axis=1, keepdims=True)) * expected).sum(axis=1)
            base, other = compare(ours, run, options.rounds)
            print(
                f"| {label} | {other / count:.2f} | {base / count:.2f} | {other / base:.2f} "
                f"| {cosine.min():.4f} |",
                flush=True,
            )


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


def one_by_one(encoder: Encoder, prepared: list[np.ndarray]) -> None:
    """A call for each picture, as searches make them."""
    for each in prepared:
        encoder.encode_prepared([each])


def all_variants(
    card: ModelCard, pixels: np.ndarray
) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """Each runtime, thread count, batch and number of callers; one session at a time."""
    for threads, spin in ((1, False), (2, False), (2, True)):
        run = onnx_run(card, threads, spin)
        head = f"ONNX Runtime, threads {threads}{', spinning' * spin}"
        for batch in (1, 4, 8, 16, 32):
            if batch <= len(pixels):
                yield f"{head}, batch {batch}", partial(in_batches, run, pixels, batch)
        yield f"{head}, 2 callers", partial(by_callers, run, pixels, 2)
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
                label = f"OpenVINO {precision}, threads {threads}, batch {batch}"
                yield label, partial(in_batches, run, pixels, batch)


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
