"""Python and the packages: versions, and whether they can be loaded on this processor."""

import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from lookalike.doctor.finding import Finding, ok, problem, warning

MODULES = {
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "pillow": "PIL.Image",
    "qdrant-edge-py": "qdrant_edge",
    "tokenizers": "tokenizers",
}
"""The compiled packages, and what is imported of each."""
_SHOWN = ("onnxruntime", "qdrant-edge-py", "pymilvus", "numpy", "pillow")
_SECONDS = 60


def check() -> Iterator[Finding]:
    """Python, every package that is required, compiled ones loaded, and extras."""
    yield python()
    requirements = _requirements()
    if requirements is None:
        yield warning(
            "packages",
            "lookalike is not installed as a package: its requirements are not known",
            "install it: pip install lookalike",
        )
        return
    always = [one for one in requirements if _applies(one, "")]
    wrong = list(_wrong(always))
    yield from wrong
    if not wrong:
        yield ok("packages", _versions())
    yield from loads(MODULES)
    yield extras(requirements)


def python() -> Finding:
    """The interpreter."""
    found = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    if sys.maxsize < 2**32:
        return problem(
            "Python", f"{found}, 32 bits", "use a Python of 64 bits: the packages have no other"
        )
    return ok("Python", found)


def _requirements() -> list[Requirement] | None:
    try:
        lines = metadata.requires("lookalike") or []
    except metadata.PackageNotFoundError:
        return None
    found = []
    for line in lines:
        try:
            found.append(Requirement(line))
        except InvalidRequirement:  # of a newer kind than this packaging reads
            continue
    return found


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _wrong(requirements: list[Requirement]) -> Iterator[Finding]:
    for one in requirements:
        version = _version(one.name)
        if version is None:
            # onnxruntime-gpu brings the same module as onnxruntime (docs/gpu.md).
            if one.name == "onnxruntime" and _version("onnxruntime-gpu"):
                continue
            yield problem(
                "packages", f"{one.name} is not installed", f"pip install '{_plain(one)}'"
            )
        elif not one.specifier.contains(version, prereleases=True):
            yield problem(
                "packages",
                f"{one.name} is {version}, and lookalike needs {one.specifier}",
                f"pip install '{_plain(one)}'",
            )


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def _versions() -> str:
    shown = ((name, _version(name)) for name in ("lookalike", *_SHOWN))
    return ", ".join(f"{name} {version}" for name, version in shown if version)


def loads(modules: dict[str, str]) -> Iterator[Finding]:
    """Whether packages can be imported; each in a process of its own where all at once cannot.

    A package that was compiled for another processor kills the process that loads it.
    """
    if _import(list(modules.values())) is None:
        yield ok("compiled packages", f"{', '.join(modules)} can be loaded")
        return
    for name, module in modules.items():
        if (why := _import([module])) is not None:
            yield problem(
                "compiled packages", f"{name} cannot be loaded: {why}", _advice(name, why)
            )


def _import(modules: list[str]) -> str | None:
    """Why modules cannot be imported; None when they can."""
    code = "\n".join(f"import {module}" for module in modules)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_SECONDS} s"
    except OSError as error:
        return str(error.strerror or error)
    if done.returncode < 0:
        number = -done.returncode
        return signal.strsignal(number) or f"signal {number}"
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return lines[-1] if lines else f"exit status {done.returncode}"
    return None


def _advice(name: str, why: str) -> str:
    if "illegal" in why.lower():
        return "it was compiled for instruction sets that this processor lacks: use another machine"
    return f"install it anew: pip install --force-reinstall --no-deps {name}"


def extras(requirements: list[Requirement]) -> Finding:
    """Which extras are installed, and which are not."""
    have: list[str] = []
    lack: list[str] = []
    for extra in metadata.metadata("lookalike").get_all("Provides-Extra") or []:
        own = [one for one in requirements if _applies(one, extra) and not _applies(one, "")]
        if own:
            (have if all(_version(one.name) for one in own) else lack).append(extra)
    found = f"installed: {', '.join(have) or 'none'}"
    if lack:
        found += f"; not installed: {', '.join(lack)} (pip install 'lookalike[NAME]')"
    return ok("extras", found)
