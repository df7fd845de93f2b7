"""A match in words."""

from lookalike.records import Match

_STRAIGHT = 1.5
"""Degrees that are not worth a word."""


def in_words(match: Match) -> tuple[str, str]:
    """What is the same, and how that was found: two lines for people."""
    query, record = (share * match.agreement for share in (match.query_share, match.record_share))
    shares = f"{_part(query)} query is {_part(record)} found picture"
    found = (
        f"{match.inliers} features agree"
        if match.by == "features"
        else "the pixels agree when laid over each other"
    )
    score = f"{match.score:.3f}" if match.score < 0.999 else "above 0.999"
    told = ", ".join([shares, *changes(match)])
    return told[0].upper() + told[1:], f"{found}; score {score}"


def changes(match: Match) -> list[str]:
    """What was done to the query: `mirrored`, `turned by 20° to the right`, `colours inverted`."""
    done = ["mirrored"] if match.mirrored else []
    turned = abs(match.rotation)
    if turned >= 180 - _STRAIGHT:
        done.append("upside down")
    elif turned >= _STRAIGHT:
        done.append(f"turned by {turned:.0f}° to the {'right' if match.rotation > 0 else 'left'}")
    return [*done, "colours inverted"] if match.inverted else done


def _part(share: float) -> str:
    return "the whole" if share > 0.985 else f"{max(share, 0.01) * 100:.0f} % of the"
