"""Find the least and the greatest of every value of a network on example photographs.

    python scripts/fit_ranges.py examples/photos resnet50 vgg16-max

Writes src/lookalike/encoders/convert/ranges/NAME.json for the int8 forms
(encoders/convert/int8.py), named like the folder that the weights lie in: resnet50, vgg16. The
photographs are none of those that quality is measured on.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from lookalike.encoders import registry, weights
from lookalike.encoders.convert import wire
from lookalike.encoders.graph import extra_output
from lookalike.encoders.preprocess import Preprocessor

PLACE = Path(__file__).parent.parent / "src/lookalike/encoders/convert/ranges"


def main() -> None:
    """Write one file for each encoder named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("encoders", nargs="+")
    options = parser.parse_args()
    files = sorted(options.photos.rglob("*.jpg"))
    for name in options.encoders:
        card = registry.card(name)
        ranges = fit(card, files)
        place = PLACE / f"{card.image.file.folder or name}.json"
        place.write_text(json.dumps(ranges, indent=0) + "\n", encoding="ascii")
        print(f"{place.name}: {len(ranges)} values of {len(files)} photographs")


def fit(card: registry.ModelCard, files: list[Path]) -> dict[str, tuple[float, float]]:
    """The ranges of the input and of what each Conv, Relu and Add gives, to four digits."""
    (found,) = weights.find(card, "image")
    content = found.path.read_bytes()
    graph = wire.graph(content)
    names = [node.output for node in graph.nodes if node.kind in {"Conv", "Relu", "Add"}]
    names = [name for name in names if name != graph.output[0]]
    content += b"".join(extra_output(name) for name in names)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    prepare = Preprocessor(card.image.preprocessing)
    low = np.full(len(names) + 1, np.inf)
    high = -low
    for file in files:
        pixels = prepare(Image.open(file).convert("RGB"))[None]
        values = [pixels, *session.run(names, {graph.given[0]: pixels})]
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    pairs = zip([graph.given[0], *names], low, high, strict=True)
    return {name: (float(f"{least:.4g}"), float(f"{most:.4g}")) for name, least, most in pairs}


if __name__ == "__main__":
    main()
