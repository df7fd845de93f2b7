"""Whether a server's clock agrees with this machine's."""

from lookalike.doctor.finding import Finding, ok, warning

_LITTLE_SECONDS = 1.0
LOGICAL_BITS = 18
"""Of a Milvus timestamp (a hybrid logical clock): what is above them is milliseconds since 1970."""


def seconds(timestamp: int) -> float:
    """Seconds since the epoch of a Milvus timestamp."""
    return (timestamp >> LOGICAL_BITS) / 1000


def judge(server: float, asked: float, answered: float) -> Finding:
    """Whether clocks agree; times in seconds, the server's from between question and answer."""
    skew = server - (asked + answered) / 2
    unsure = (answered - asked) / 2
    if abs(skew) <= _LITTLE_SECONDS + unsure:
        return ok("clock", f"the server's agrees with ours within {abs(skew) + unsure:.1f} s")
    ahead = "ahead of" if skew > 0 else "behind"
    return warning(
        "clock",
        f"the server's is {abs(skew):.1f} s {ahead} this machine's",
        "times of records (added, updated) are this machine's, and those of several machines will "
        "not fit together: have all set their clocks by NTP (timedatectl set-ntp true)",
    )
