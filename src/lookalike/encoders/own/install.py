"""Adds a model to the user's folder, and takes it away again."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock

from lookalike.encoders import card as cards
from lookalike.encoders import registry
from lookalike.encoders.card import ModelCard
from lookalike.encoders.own import check, complete, description, place
from lookalike.encoders.own.description import Description
from lookalike.encoders.sources.cache import digest
from lookalike.errors import EnvironmentFailure, NotFoundError, UsageError, WeightsError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FILES = {"image": "image.onnx", "text": "text.onnx", "tokenizer": "tokenizer.json"}
"""Under which names a model's files are kept."""
_STAGED = ".adding-"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a model to be added; text model and tokenizer come together or not at all."""

    image: Path
    text: Path | None = None
    tokenizer: Path | None = None


def add(
    path: Path,
    *,
    file: Path | None = None,
    text: Path | None = None,
    tokenizer: Path | None = None,
    name: str | None = None,
    replace: bool = False,
) -> ModelCard:
    """Make an ONNX file an encoder.

    It is copied into the user's folder of models, tried there, and only then given its name.

    Args:
        path: the description, TOML (docs/own-model.md).
        file: the image tower; by default the file that the description names, or the one beside
            it that has its name and ends in .onnx.
        text: the text tower, if there is one.
        tokenizer: its tokenizer.json.
        name: what to call it; by default what the description says, or that file's name.
        replace: whether it may take the place of a model of one's own of that name.

    Raises:
        UsageError: the description, a name or a file cannot be used.
        WeightsError: the model does not fit its description, or fails a check; says each.
        EnvironmentFailure: the folder cannot be written to.
    """
    given, described = description.read(path)
    name = given or path.stem if name is None else name
    _check_name(name)
    files = _files(path, described, file, text, tokenizer)
    root = place.root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock"):
            if not replace and (root / f"{name}.toml").exists():
                raise UsageError(
                    f"there is a model {name} of yours already; --replace takes its place"
                )
            with _staged(root, files) as staged:
                data = _card(name, described, files, staged)
                _try(staged, data, files)
                _put(root, name, staged, data)
        registry.forget(name)
    except OSError as error:
        raise EnvironmentFailure(
            f"the folder of your models, {root}, cannot be written to: {error}"
        ) from error
    return registry.card(name)


def remove(name: str) -> None:
    """Take a model of one's own away; collections made with it can then only be read by id.

    Raises:
        UsageError: it is one of the package's.
        NotFoundError: there is none of that name.
    """
    if cards.is_packaged(name):
        raise UsageError(f"{name} comes with lookalike and cannot be removed")
    root = place.root()
    if not NAME.fullmatch(name) or not (root / f"{name}.toml").is_file():
        own = ", ".join(own_names()) or "none"
        raise NotFoundError(f"there is no model {name!r} of yours in {root}; there are: {own}")
    try:
        with FileLock(root / ".lock"):
            (root / f"{name}.toml").unlink()
            for file in FILES.values():
                (root / name / file).unlink(missing_ok=True)
            registry.forget(name)
            if (root / name).is_dir() and not any((root / name).iterdir()):
                (root / name).rmdir()
    except OSError as error:
        raise EnvironmentFailure(f"{name} cannot be removed from {root}: {error}") from error


def own_names() -> list[str]:
    """The models of the user's folder, sorted."""
    return sorted(name for name in cards.find() if not cards.is_packaged(name))


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"a model cannot be called {name!r}: take letters, digits, dots, underscores and "
            "hyphens, a letter or digit first, 64 at most"
        )
    for known in registry.names():
        aliases = registry.card(known).aliases if cards.is_packaged(known) else ()
        same = name.lower() in {known.lower(), *aliases}
        if same and cards.is_packaged(known):
            raise UsageError(f"{name} is a model that comes with lookalike; choose another --name")
        if same and name != known:
            raise UsageError(
                f"there is a model {known}, which differs from {name} only in capitals"
            )


def _files(
    path: Path, described: Description, file: Path | None, text: Path | None, tokenizer: Path | None
) -> Files:
    if (text is None) != (tokenizer is None):
        raise UsageError("a text tower is two files: give --text and --tokenizer together")
    if file is None:
        beside = described.file or f"{path.stem}.onnx"
        if Path(beside).name != beside:
            raise UsageError(
                f"{path} names the file {beside!r}; only a file beside it goes without --file"
            )
        file = path.parent / beside
    for each in (file, text, tokenizer):
        if each is not None and not each.is_file():
            raise NotFoundError(f"there is no file {each}; name the model's file with --file")
    return Files(file, text, tokenizer)


@contextmanager
def _staged(root: Path, files: Files) -> Iterator[Path]:
    """A folder in the user's folder that holds copies of the files under the names they get.

    Under the lock nobody else has one: what is there was left by a process that was killed.
    """
    for left in root.glob(f"{_STAGED}*"):
        shutil.rmtree(left, ignore_errors=True)
    staged = Path(tempfile.mkdtemp(prefix=_STAGED, dir=root))
    try:
        for key, source in (
            ("image", files.image),
            ("text", files.text),
            ("tokenizer", files.tokenizer),
        ):
            if source is not None:
                shutil.copyfile(source, staged / FILES[key])
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _card(name: str, described: Description, files: Files, staged: Path) -> dict[str, Any]:
    """The card of the staged files, as TOML will hold it."""
    data: dict[str, Any] = {
        "name": name,
        "title": described.title or name,
        "summary": described.summary or "A model of your own.",
        "kind": "embedding",
        "licence": {
            "weights": described.licence.get("weights") or "unknown",
            "url": described.licence.get("url", ""),
            "note": described.licence.get("note", ""),
        },
        **complete.image_tower(described, files.image),
    }
    data["image"]["file"] = _file(staged, "image")
    if described.sha256 not in {"", data["image"]["file"]["sha256"]}:
        raise WeightsError(
            f"{files.image} has the SHA-256 {data['image']['file']['sha256']}, and the description "
            f"says {described.sha256}"
        )
    if files.text is not None and files.tokenizer is not None:
        data["text"] = complete.text_tower(described, files.text, files.tokenizer)
        data["text"] |= {
            "model": _file(staged, "text"),
            "tokenizer": _file(staged, "tokenizer"),
        }
    return data


def _file(staged: Path, key: str) -> dict[str, Any]:
    path = staged / FILES[key]
    return {"name": path.name, "sha256": digest(path), "bytes": path.stat().st_size}


def _try(staged: Path, data: dict[str, Any], files: Files) -> None:
    """Load what is staged as an encoder, and check what it does."""
    from lookalike.encoders.onnx import OnnxEncoder

    card = cards.parse(tomli_w.dumps({**data, "name": staged.name}), staged.name)
    try:
        found = check.problems(OnnxEncoder(card))
    except WeightsError as error:
        found = [str(error)]
    if found:
        names = {staged / FILES["image"]: files.image, staged / FILES["text"]: files.text}
        lines = "\n".join(f"  - {problem}" for problem in found)
        for copy, original in names.items():
            lines = lines.replace(str(copy), str(original))
        lines = lines.replace(staged.name, str(data["name"]))
        raise WeightsError(f"{files.image} cannot be used as an encoder:\n{lines}")


def _put(root: Path, name: str, staged: Path, data: dict[str, Any]) -> None:
    """Give the staged files their name; the card comes last, and is what makes them a model.

    Should this be cut short while an older model is replaced, that one's card no longer fits the
    files, which is an error when it is used.
    """
    folder = root / name
    folder.mkdir(exist_ok=True)
    for file in FILES.values():
        if (staged / file).exists():
            (staged / file).replace(folder / file)
        else:
            (folder / file).unlink(missing_ok=True)
    written = staged / "card.toml"
    with written.open("wb") as stream:
        tomli_w.dump(data, stream)
        stream.flush()
        os.fsync(stream.fileno())
    written.replace(root / f"{name}.toml")
