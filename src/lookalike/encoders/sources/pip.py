"""The user's own pip: how to run it, and what its settings say about package indexes."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from lookalike.encoders.sources import http
from lookalike.encoders.sources.cache import SourceError

_TRUE = {"1", "true", "yes", "on", "y", "t"}
_SECTIONS = ("global", "download", ":env:")  # the later, the stronger


@dataclass(frozen=True, slots=True)
class Settings:
    """Where pip would look for packages, and how it would ask.

    `places` are folders and pages of links to files, `indexes` package indexes; `trusted` hosts
    need no valid certificate.
    """

    places: tuple[str, ...]
    indexes: tuple[str, ...]
    trusted: tuple[str, ...]
    certificates: str
    proxy: str


def command() -> list[str]:
    """How to run pip here: this Python's, the one on the path, or uv's.

    Raises:
        SourceError: there is none.
    """
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if pip := shutil.which("pip") or shutil.which("pip3"):
        return [pip]
    if uvx := shutil.which("uvx"):
        return [uvx, "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise SourceError("pip is needed to download it, and there is neither pip nor uv here")


def settings() -> Settings:
    """What pip's files and environment say, in pip's own reading of them.

    Raises:
        SourceError: there is no pip, or it does not say.
    """
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in _said("config", "list").splitlines():
        key, equals, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found and equals:
            found[section][name] = _unquoted(value)
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged |= {name: value for name, value in found[section].items() if value}
    indexes = [*merged.get("extra-index-url", "").split()]
    if merged.get("no-index", "").lower() in _TRUE:
        indexes = []
    else:
        indexes.insert(0, merged.get("index-url") or _default_index())
    return Settings(
        places=tuple(merged.get("find-links", "").split()),
        indexes=tuple(indexes),
        trusted=tuple(merged.get("trusted-host", "").split()),
        certificates=merged.get("cert", ""),
        proxy=merged.get("proxy", ""),
    )


def _default_index() -> str:
    """The index that pip asks when nothing is set; only its help says."""
    found = re.search(r"--index-url.*?\(default\s+(https?://[^\s)]+)\)", _help(), re.DOTALL)
    if found is None:
        raise SourceError("pip names no package index; set PIP_INDEX_URL")
    return found[1]


def _help() -> str:
    return _said("download", "--help")


def _said(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*command(), *arguments, "--disable-pip-version-check"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
            # In a narrow terminal it cuts addresses in two.
            env={**os.environ, "COLUMNS": "1000", "NO_COLOR": "1"},
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        why = http.without_passwords(said[-1]) if said else f"exit status {error.returncode}"
        raise SourceError(f"pip {arguments[0]} failed: {why}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"pip {arguments[0]} failed: {error}") from error
    return done.stdout.decode(errors="replace")


def _unquoted(value: str) -> str:
    """A value as pip prints it: the text of a Python string."""
    try:
        return str(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return value
