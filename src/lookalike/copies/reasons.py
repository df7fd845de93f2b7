"""Why a verdict was given, in words."""

from lookalike.copies import orientation
from lookalike.copies.evidence import Evidence, HashDistance, Likeness, Look
from lookalike.copies.region import box_of, place_of
from lookalike.copies.views import WHOLE, Box
from lookalike.records import Match, Verdict
from lookalike.search.verdicts import COPY_HASH, spoken

_INSIDE = 0.5
"""Smaller parts of the query than this are the picture found inside another."""


def reason(verdict: Verdict, evidence: Evidence, *, copy_radius: int, border: str = "") -> str:
    """The strongest of the evidence, in one sentence without a full stop.

    Args:
        verdict: what was decided.
        evidence: by what.
        copy_radius: largest pHash distance, in bits, that is a reason of its own.
        border: the colour of the border that was cut off the query, or "".
    """
    if evidence.same_bytes:
        return "same bytes"
    if evidence.same_pixels:
        return "same pixels"
    if verdict is Verdict.SIMILAR:
        return _closest(evidence, border)
    hashed = evidence.hashes.get(COPY_HASH)
    near = hashed is not None and not hashed.flat and hashed.distance <= copy_radius
    if hashed is not None and near:
        return _and_not_proved(by_hash(COPY_HASH, hashed, border), evidence)
    if evidence.match is not None:
        return by_match(evidence.match)
    return _and_not_proved(_closest(evidence, border), evidence)


def by_hash(encoder: str, hashed: HashDistance, border: str) -> str:
    """`pHash distance 3 after trimming a black border, mirrored`."""
    trimmed = f" after trimming a {border or 'plain'} border" if hashed.look.trimmed else ""
    if hashed.record_trimmed and not trimmed:
        trimmed = " after trimming the stored picture's border"
    words = f"{spoken(encoder)} distance {hashed.distance}{trimmed}"
    return ", ".join([words, *_turns(hashed.look)])


def by_match(match: Match) -> str:
    """`mirrored, 61 % of the picture matches`, or where in the query it was found."""
    done = []
    if match.mirrored:
        done.append("mirrored")
    if abs(match.rotation) > _STRAIGHT:
        turn = abs(match.rotation)
        way = "right" if match.rotation > 0 else "left"
        done.append("upside down" if turn > 180 - _STRAIGHT else f"turned by {turn:.0f}° {way}")
    if match.inverted:
        done.append("colours inverted")
    if match.query_share < _INSIDE and match.record_share > match.query_share:
        part = "" if match.record_share > _ALL else f"{match.record_share:.0%} of it "
        done.append(f"{part}found inside the picture: {_region(box_of(match.query_region))}")
    else:
        done.append(f"{match.record_share:.0%} of the picture matches")
    return ", ".join(done).replace("%", " %")


def _region(box: Box) -> str:
    """`region at the lower left, 25% of its width`."""
    width = box[2] - box[0]
    size = f"{width:.0%} of its width" if width < _ALL else f"{box[3] - box[1]:.0%} of its height"
    return f"region {place_of(box)}, {size}"


_STRAIGHT = 3.0
"""Degrees that are not worth a word."""

_ALL = 0.8


def by_likeness(likeness: Likeness, border: str) -> str:
    """`sscd-distilled 0.83, mirrored`, and in which region."""
    words = [f"{likeness.encoder} {likeness.cosine:.2f}", *_turns(likeness.look)]
    if likeness.look.box != WHOLE:
        words.append(_region(likeness.look.box).replace("%", " %"))
    elif likeness.look.trimmed:
        words[0] += f" after trimming a {border or 'plain'} border"
    return ", ".join(words)


def _closest(evidence: Evidence, border: str) -> str:
    if evidence.likeness is not None:
        return by_likeness(evidence.likeness, border)
    if evidence.hashes:
        nearest = min(evidence.hashes.items(), key=lambda one: one[1].distance / one[1].bits)
        return by_hash(*nearest, border)
    return ""


def _and_not_proved(words: str, evidence: Evidence) -> str:
    return f"{words} (no proof: {evidence.unproved})" if evidence.unproved else words


def _turns(look: Look) -> list[str]:
    words = [orientation.words(look.orientation), "colours inverted" if look.inverted else ""]
    return [word for word in words if word]
