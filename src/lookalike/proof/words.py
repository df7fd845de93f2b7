"""A match in words."""

from lookalike.records import Match


def in_words(match: Match) -> tuple[str, str]:
    """What is the same, and how that was found: two lines for people."""
    shares = (
        f"{match.query_share:.0%} of the query is {match.record_share:.0%} of the found picture"
    ).replace("%", " %")
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
    return ", ".join([shares, *changes]), f"{found}; sure to {match.score:.3f}"
