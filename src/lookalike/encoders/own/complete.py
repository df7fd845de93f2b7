"""Description and graph make a model card: what the user left out is found in the ONNX file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from lookalike.encoders.card import Preprocessing
from lookalike.encoders.own.description import POOLS, Description
from lookalike.encoders.own.graph import Graph, Value, spread
from lookalike.encoders.own.presets import PRESETS
from lookalike.encoders.preprocess import Preprocessor
from lookalike.errors import WeightsError

_DEFAULT_SIDE = 224
_CLIP_TOKENS = 77
_REQUIRED = ("resize", "interpolation", "scale", "mean", "std")


@dataclass(slots=True)
class _Findings:
    """What does not fit, in words."""

    problems: list[str] = field(default_factory=list)

    def say(self, problem: str) -> None:
        self.problems.append(f"  - {problem}")

    def stop(self, path: Path, graph: Graph) -> None:
        """Raise what was found, if anything was."""
        if self.problems:
            lines = [f"{path} does not fit its description:", *self.problems, f"  {graph}"]
            raise WeightsError("\n".join(lines))


def image_tower(described: Description, path: Path) -> dict[str, Any]:
    """The fields `size`, `min_side` and `image` of the card, without the file's digest.

    Raises:
        WeightsError: it is no ONNX model, or does not fit; names every mismatch, and what the
            model has to offer.
    """
    graph = Graph(path)
    findings = _Findings()
    given = _input(described, graph, findings)
    output = _output(described, graph, findings)
    rule = None if given is None else _preprocessing(described, given, findings)
    findings.stop(path, graph)
    assert given is not None
    assert output is not None
    assert rule is not None
    grey = Image.linear_gradient("L").convert("RGB")
    try:
        shape = graph.run(output, {given.name: Preprocessor(rule)(grey)[None]}).shape
    except WeightsError as error:
        findings.say(str(error))
        findings.stop(path, graph)
        raise
    pool = _pool(described, output, shape, findings)
    findings.stop(path, graph)
    size = max(shape) if pool in {"none", "flatten"} else shape[2 if pool == "first-token" else 1]
    if described.size not in {0, size}:
        findings.say(
            f"it gives {size} numbers for a picture, and the description says size = "
            f"{described.size}"
        )
    findings.stop(path, graph)
    return {
        "size": size,
        # Twice what the model sees: what reduced decoding changes is then small.
        "min_side": described.min_side or 2 * max(rule.crop, rule.shorter_side),
        "image": {
            "input": given.name,
            "output": output,
            "pool": pool,
            "preprocessing": asdict(rule),
        },
    }


def text_tower(described: Description, path: Path, tokenizer: Path) -> dict[str, Any]:
    """The field `text` of the card, without the files.

    Raises:
        WeightsError: it is no text tower, or it has several outputs and none is chosen.
    """
    graph = Graph(path)
    findings = _Findings()
    output = described.text_output
    if output and output not in graph.outputs and not graph.look_inside(output):
        findings.say(f"it has no value {output!r}; text.output is to be one of its outputs")
    if not output:
        if len(graph.outputs) > 1:
            findings.say('it has several outputs: write which as output = "NAME" under [text]')
        output = next(iter(graph.outputs), "")
    if "input_ids" not in graph.inputs:
        findings.say("it takes no input_ids: it is no text tower")
    findings.stop(path, graph)
    shape = graph.inputs["input_ids"].shape
    length = shape[1] if len(shape) > 1 else None
    tokens = described.max_tokens or length or _truncation(tokenizer) or _CLIP_TOKENS
    return {"output": output, "max_tokens": tokens, "note": described.text_note}


def _truncation(tokenizer: Path) -> int:
    """The longest text of a tokenizer.json in tokens, 0 where it says nothing."""
    try:
        said = json.loads(tokenizer.read_text(encoding="utf-8")).get("truncation") or {}
        return int(said.get("max_length", 0))
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{tokenizer} cannot be used as a tokenizer: {error}") from error


def _input(described: Description, graph: Graph, findings: _Findings) -> Value | None:
    """The one input, when a batch of pictures can be put into it."""
    if len(graph.inputs) != 1:
        findings.say(
            f"it has {len(graph.inputs)} inputs, and an image tower has one: export the half that "
            "reads pictures on its own"
        )
        return None
    (given,) = graph.inputs.values()
    if described.input not in {"", given.name}:
        findings.say(f"it has no input {described.input!r}")
    if given.dtype not in {"float32", "float16", "uint8"}:
        findings.say(f"{given.name} takes {given.dtype}, and pixels are float32, float16 or uint8")
    if len(given.shape) != 4:
        findings.say(f"{given.name} has {len(given.shape)} axes; a batch of pictures has 4")
        return None
    if given.shape[0] not in {None, 1}:
        findings.say(
            f"{given.name} takes {given.shape[0]} pictures at once: export it with a free first "
            "axis, or 1"
        )
    return given


def _output(described: Description, graph: Graph, findings: _Findings) -> str | None:
    """The output named, or the only one."""
    if described.output:
        if described.output in graph.outputs or graph.look_inside(described.output):
            return described.output
        findings.say(
            f"it has no value {described.output!r}; image.output is to be one of its outputs, or "
            "the name of a value inside the graph"
        )
        return None
    if len(graph.outputs) == 1:
        return next(iter(graph.outputs))
    findings.say(
        'it has several outputs: write which is the embedding as output = "NAME" under [image]'
    )
    return None


def _preprocessing(
    described: Description, given: Value, findings: _Findings
) -> Preprocessing | None:
    """What the description says, then its preset, then what the input's shape says."""
    said = dict(described.preprocessing)
    preset = PRESETS.get(said.pop("preset", ""), {})
    presets = ", ".join(f'"{name}"' for name in PRESETS)
    if missing := [key for key in _REQUIRED if key not in said and key not in preset]:
        what = "how pixels become the input" if len(missing) == len(_REQUIRED) else missing[0]
        findings.say(f"{what} is not said: write preprocessing = one of {presets}")
        return None
    layout = said.get("layout") or _layout(given, findings)
    if layout is None:
        return None
    channels, sides = (given.shape[1], given.shape[2:])
    if layout == "NHWC":
        channels, sides = (given.shape[3], given.shape[1:3])
    if channels not in {None, 3}:
        findings.say(f"{given.name} takes {channels} channels as {layout}, and pictures have 3")
    side = said.get("crop") or next((one for one in sides if one), _DEFAULT_SIDE)
    if any(one not in {None, side} for one in sides):
        findings.say(
            f"{given.name} takes {sides[1]} × {sides[0]} pixels, and would get {side} × {side}"
        )
    if given.dtype == "uint8" and _scales({**preset, **said}):
        findings.say(f'{given.name} takes bytes: write preprocessing = "raw-0-255"')
    rule = {
        "version": 1,
        "colour": "RGB",
        "dtype": given.dtype,
        "layout": layout,
        "crop": side,
        **preset,
        "shorter_side": max(side, round(preset.get("shorter_side", 1.0) * side)),
        **said,
    }
    if rule["dtype"] != given.dtype:
        findings.say(f"{given.name} takes {given.dtype}, and the description says {rule['dtype']}")
    if rule["resize"] == "shorter-side" and rule["shorter_side"] < side:
        findings.say(f"shorter_side is {rule['shorter_side']}, less than the crop of {side}")
    if 0.0 in rule["std"]:
        findings.say("std must not be 0")
    return Preprocessing(**rule)


def _scales(rule: dict[str, Any]) -> bool:
    return (rule["scale"], *rule["mean"], *rule["std"]) != (1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)


def _layout(given: Value, findings: _Findings) -> str | None:
    first, last = given.shape[1] == 3, given.shape[3] == 3
    if first != last:
        return "NCHW" if first else "NHWC"
    if None in {given.shape[1], given.shape[3]} or first:
        findings.say(
            f"whether {given.name} takes channels first or last cannot be seen: write "
            '[preprocessing] with layout = "NCHW" or "NHWC"'
        )
    else:
        findings.say(f"{given.name} has no axis of 3 channels")
    return None


def _pool(described: Description, output: str, shape: tuple[int, ...], findings: _Findings) -> str:
    """What to keep of the output: said by the user, or the only way there is."""
    ways = {2: ("none",), 3: ("first-token",), 4: ("max", "mean")}.get(len(shape), ())
    if len(shape) > 1 and not spread(shape):
        ways = ("none",) if len(shape) == 2 else ("flatten",)
    if ways == ("max", "mean") and shape[1] == shape[2] < shape[3]:
        findings.say(f"{output} has its channels last; take one that has them second, or is pooled")
        return POOLS[0]
    sizes = ", ".join(map(str, shape))
    if not ways or shape[0] != 1:
        findings.say(f"{output} has the shape ({sizes}) for one picture, which is no embedding")
        return POOLS[0]
    if described.pool in ways or (not described.pool and ways in {("none",), ("flatten",)}):
        return described.pool or ways[0]
    offered = " or ".join(f'pool = "{way}"' for way in ways)
    findings.say(f"{output} has the shape ({sizes}) for one picture: write {offered} under [image]")
    return POOLS[0]
