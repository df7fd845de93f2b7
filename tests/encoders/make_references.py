"""Writes references.npz: embeddings made without a line of lookalike.

    pip install onnx && python tests/encoders/make_references.py FOLDER_WITH_THE_ONNX_FILES

Each model's preprocessing is written out here a second time, in plain Pillow and NumPy, from
the publications named on the model cards.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image

HERE = Path(__file__).parent
PHOTOS = HERE.parent.parent / "examples" / "photos"
PICTURES = [
    "animals/otters.jpg",
    "animals/chelsea-the-cat.png",
    "animals/marshland-birds.webp",
    "buildings/colosseum.jpg",
    "buildings/green-staircase.png",
]


def centre(path, short, filter_):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    if width <= height:
        size = short, int(short * height / width)
    else:
        size = int(short * width / height), short
    image = image.resize(size, filter_)
    left, top = round((size[0] - 224) / 2.0), round((size[1] - 224) / 2.0)
    return np.asarray(image.crop((left, top, left + 224, top + 224))).astype(np.float64)


def clip(path):
    x = centre(path, 224, Image.Resampling.BICUBIC) / 255
    x = (x - [0.48145466, 0.4578275, 0.40821073]) / [0.26862954, 0.26130258, 0.27577711]
    return x.transpose(2, 0, 1)[None].astype(np.float32)


def dinov2(path):
    x = centre(path, 256, Image.Resampling.BICUBIC) / 255
    x = (x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return x.transpose(2, 0, 1)[None].astype(np.float32)


def mobilenet(path):
    return centre(path, 256, Image.Resampling.BILINEAR)[None].astype(np.float32)


MODELS = {
    "clip-vit-b-16": ("clip_encoder.int8.onnx", clip, "image_embeds", lambda y: y[0]),
    "dinov2-vits14": (
        "dinov2_vits14_patch_8x8.onnx",
        dinov2,
        "/norm/Add_1_output_0",
        lambda y: y[0, 0],
    ),
    "mobilenet-v3-large": (
        "MobileNetV3Large.onnx",
        mobilenet,
        "StatefulPartitionedCall/MobilenetV3large/global_average_pooling2d_1/Mean:0",
        lambda y: y[0, :, 0, 0],
    ),
}


def main():
    found = {path.name: path for path in Path(sys.argv[1]).rglob("*.onnx")}
    references = {"pictures": np.array(PICTURES)}
    for name, (file, prepare, output, pick) in MODELS.items():
        model = onnx.load(found[file])
        if output not in {value.name for value in model.graph.output}:
            model.graph.output.append(onnx.ValueInfoProto(name=output))
        session = onnxruntime.InferenceSession(model.SerializeToString())
        feed = session.get_inputs()[0].name
        rows = [pick(session.run([output], {feed: prepare(PHOTOS / p)})[0]) for p in PICTURES]
        references[name] = np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float16)
    np.savez_compressed(HERE / "references.npz", **references)


if __name__ == "__main__":
    main()
