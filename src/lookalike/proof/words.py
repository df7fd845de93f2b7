"""A match in words."""

from lookalike.records import Match


def in_words(match: Match) -> tuple[str, str]:
    """What is the same, and how that was found: two lines for people."""
    shares = f"{_part(match.query_share)} query is {_part(match.record_share)} found picture"
    changes = [
        *(["mirrored"] if match.mirrored else []),
        *(["as a negative"] if match.inverted else []),
        *([f"turned by {match.rotation:.0f}°"] if abs(match.rotation) >= 1 else []),
    ]
    found = (
        f"{match.inliers} features agree"
        if match.by == "features"
        else "the pixels agree when laid over each other"
    )
    score = f"{match.score:.3f}" if match.score < 0.999 else "above 0.999"
    told = ", ".join([shares, *changes])
    return told[0].upper() + told[1:], f"{found}; score {score}"


def _part(share: float) -> str:
    return "the whole" if share > 0.985 else f"{max(share, 0.01) * 100:.0f} % of the"
