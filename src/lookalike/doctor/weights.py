"""Models: whether their weights are here and right, their licences, and where they come from."""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.errors import UnknownEncoderError, WeightsError
from lookalike.views.text import milliseconds

if TYPE_CHECKING:
    from lookalike.encoders.card import ModelCard

_PATIENCE_SECONDS = 3.0


def check(names: Sequence[str]) -> Iterator[Finding]:
    """The weights of encoders, and whether missing ones could be fetched."""
    from lookalike.encoders import registry, weights

    missing = False
    for name in names:
        try:
            card = registry.card(name)
        except UnknownEncoderError:
            yield ok(f"model {name}", "not one of lookalike's: its vectors were made elsewhere")
            continue
        except WeightsError as error:
            yield problem(f"model {name}", str(error), "mend its description, or remove it")
            continue
        for finding in of_model(card):
            missing = missing or finding.level != "ok"
            yield finding
    if weights.is_offline():
        yield ok("sources of weights", "not asked: offline mode is on")
    else:
        yield sources(missing)


def of_model(card: "ModelCard") -> Iterator[Finding]:
    """Whether a model's files are here, whole, and under which licence."""
    from lookalike.encoders import weights
    from lookalike.encoders.sources import cache

    topic = f"model {card.name}"
    licence = f"licence: {card.licence.weights}"
    if card.image is None:
        yield ok(topic, f"needs no weights, {licence}")
        return
    try:
        states = weights.status(card)
    except WeightsError as error:
        yield problem(topic, str(error), "see docs/weights.md")
        return
    lacking = [state for state in states if state.path is None and state.tower == "image"]
    for state in states:
        if state.path is None:
            continue
        expected = cache.known(card, state.file).sha256
        if state.origin == "folder" and state.file.sources:
            continue  # the user's own file stands for the model's; any will do
        try:
            found = cache.digest(state.path)
        except OSError as error:
            yield problem(topic, f"{state.path}: {error.strerror}", "give it back its permissions")
            return
        if expected and found != expected:
            yield problem(
                topic,
                f"{state.path} is damaged: its SHA-256 is {found}, not {expected}",
                f"delete it, and run `lookalike models fetch {card.name}`",
            )
            return
    if lacking:
        advice = f"`lookalike models fetch {card.name}` brings them, so that nothing waits for it"
        if not all(state.file.sources for state in lacking):
            advice = (
                f"they are yours to bring: `lookalike models licence {card.name}` says from where"
            )
        yield warning(topic, f"the weights are not here, {licence}", advice)
        return
    words = ""
    if card.text is not None:
        here = all(state.path for state in states if state.tower == "text")
        words = ", reads words" if here else ", no text tower here (docs/weights.md)"
    if card.licence.weights == "unknown":
        yield warning(
            topic,
            f"weights here and whole{words}, {licence}",
            "whether you may use it is for you to find out; the description can say it",
        )
        return
    yield ok(topic, f"weights here and whole{words}, {licence}")


def sources(missing: bool) -> Finding:
    """Whether the places that weights come from can be reached; never waits for long."""
    places = _places()
    with ThreadPoolExecutor(len(places)) as pool:
        answers = list(pool.map(reach, places.values()))
    found = "; ".join(f"{name} {said}" for name, (_, said) in zip(places, answers, strict=True))
    if any(reached for reached, _ in answers) or not missing:
        return ok("sources of weights", found)
    return warning(
        "sources of weights",
        found,
        "fetch weights where there is a network and copy them, or set mirrors: HF_ENDPOINT, and "
        "pip's and npm's own settings (docs/weights.md)",
    )


def _places() -> dict[str, str]:
    from lookalike.encoders.sources import hub, npm, pip
    from lookalike.encoders.sources.cache import SourceError

    found = {"model hub": hub.endpoint()}
    with suppress(SourceError):
        if indexes := pip.settings().indexes:
            found["Python index"] = indexes[0]
    if registry := npm.registry():
        found["npm registry"] = registry
    return found


def reach(url: str) -> tuple[bool, str]:
    """Whether a connection to an address's host, or to the proxy for it, can be made, in words."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme, "")
    through = ""
    if proxy and not proxy_bypass(host):
        parts, through = urlsplit(proxy if "://" in proxy else f"http://{proxy}"), " by the proxy"
    if parts.scheme == "file":
        there = os.path.isdir(parts.path)
        return there, "is a folder" if there else "is a folder that is not there"
    clock = time.perf_counter()
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), _PATIENCE_SECONDS).close()
    except (OSError, ValueError, UnicodeError):
        return False, f"cannot be reached{through}"
    return True, f"answers{through} in {milliseconds((time.perf_counter() - clock) * 1e3)}"
