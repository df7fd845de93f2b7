"""Why a verdict was given, in words."""

from dataclasses import dataclass

from lookalike.copies import orientation
from lookalike.copies.evidence import Evidence, HashDistance, Likeness, Look
from lookalike.copies.region import box_of, place_of
from lookalike.copies.views import WHOLE, Box
from lookalike.proof.words import changes
from lookalike.records import Match, Verdict
from lookalike.search import verdicts
from lookalike.search.fingerprints import COPY_HASH, Nearest

_INSIDE = 0.5
"""Smaller parts of the query than this are the picture found inside another."""

_ALL = 0.8
"""A part that is nearly all: it is not worth a number."""

_WHOLE_SHARE = 0.985
"""Share that is all, but for the rounding of a region's corners."""


@dataclass(frozen=True, slots=True)
class Borders:
    """The colours of the borders that were cut off the query and the record, where any were."""

    query: str | None = None
    record: str | None = None


def reason(verdict: Verdict, evidence: Evidence, borders: Borders, *, copy_radius: int) -> str:
    """The strongest of the evidence, in one sentence without a full stop.

    Args:
        verdict: what was decided.
        evidence: by what.
        borders: of the two pictures.
        copy_radius: largest pHash distance, in bits, that is a reason of its own.
    """
    if evidence.same_bytes:
        return "same bytes"
    if evidence.same_pixels:
        return "same pixels"
    words = _strongest(verdict, evidence, borders, copy_radius)
    if evidence.plain:
        same = "and the ink is the same" if evidence.same_ink else "but the picture is mostly plain"
        return f"{words}, {same}"
    return words


def _strongest(verdict: Verdict, evidence: Evidence, borders: Borders, copy_radius: int) -> str:
    if verdict is Verdict.SIMILAR and not evidence.plain:
        return _and_not_proved(_closest(evidence, borders), evidence)
    if hashed := evidence.copy_hash_within(copy_radius):
        return _and_not_proved(by_hash(COPY_HASH, hashed, borders), evidence)
    if evidence.match is not None:
        return by_match(evidence.match)
    return _and_not_proved(_closest(evidence, borders), evidence)


def by_hash(encoder: str, hashed: HashDistance, borders: Borders) -> str:
    """`pHash distance 3 after trimming a black border, mirrored`."""
    look = hashed.look
    # Of what stands askew on a plain ground, borders are no more than slivers.
    trimmed = look.trimmed and look.straightened is None
    nearest = Nearest(hashed.distance, trimmed, hashed.record_trimmed)
    words = verdicts.by_hash(nearest, borders.query, borders.record, encoder)
    return ", ".join([words + _straightened(look), *_done(look)])


def by_match(match: Match) -> str:
    """`mirrored, 61 % of the picture matches`, or where in the query it was found."""
    done = changes(match)
    record_share = match.record_share * match.agreement
    if match.query_share < _INSIDE and match.record_share > match.query_share:
        part = "" if record_share > _ALL else f"{max(record_share, 0.01):.0%} of it "
        done.append(f"{part}found inside the picture: {_region(box_of(match.query_region))}")
    else:
        share = max(record_share, 0.01)
        part = "the whole" if share > _WHOLE_SHARE else f"{share:.0%} of the"
        done.append(f"{part} picture matches")
    return ", ".join(done).replace("%", " %")


def _region(box: Box) -> str:
    """`region at the lower left, 25% of its width`."""
    width = box[2] - box[0]
    size = f"{width:.0%} of its width" if width < _ALL else f"{box[3] - box[1]:.0%} of its height"
    return f"region {place_of(box)}, {size}"


def by_likeness(likeness: Likeness, borders: Borders) -> str:
    """`sscd-distilled 0.83, mirrored`, and in which region."""
    look = likeness.look
    words = f"{likeness.encoder} {likeness.cosine:.2f}{_straightened(look)}"
    if look.box == WHOLE and look.trimmed:
        words += f" after trimming a {borders.query or 'plain'} border"
    return ", ".join([words, *_done(look)])


def _closest(evidence: Evidence, borders: Borders) -> str:
    if evidence.likeness is not None:
        return by_likeness(evidence.likeness, borders)
    if evidence.hashes:
        nearest = min(evidence.hashes.items(), key=lambda one: one[1].distance / one[1].bits)
        return by_hash(*nearest, borders)
    return ""


def _and_not_proved(words: str, evidence: Evidence) -> str:
    if evidence.proved and evidence.match is None:
        return f"{words} (proof found no common features)"
    return f"{words} (no proof: {evidence.unproved})" if evidence.unproved else words


def _straightened(look: Look) -> str:
    if look.straightened is None:
        return ""
    turn = round(look.straightened)
    if not turn:
        return " after straightening it"
    return f" after turning it back by {abs(turn)}°"


def _part(look: Look) -> list[str]:
    """Where in the picture it was found, if that was a part of it."""
    if look.box == WHOLE or look.straightened is not None:
        return []
    return [_region(look.box).replace("%", " %")]


def _done(look: Look) -> list[str]:
    """How the query was looked at otherwise than as it is."""
    words = [orientation.words(look.orientation), "colours inverted" if look.inverted else ""]
    return [word for word in words if word] + _part(look)
