"""Copying in a process of its own that is killed again and again."""

import random
import subprocess
import sys
from pathlib import Path

COPIER = Path(__file__).with_name("copier.py")
MOST_KILLS = 2


def copy_with_kills(source: str, target: str, seed: int) -> int:
    """Copy, killing the process after some progress each time; returns how often that was."""
    chance = random.Random(seed)
    kills = 0
    while True:
        patience = chance.randint(1, 4)
        with subprocess.Popen(
            [sys.executable, COPIER, source, target], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            last = ""
            for line in child.stdout:
                last = line
                patience -= 1
                if patience == 0 and kills < MOST_KILLS:
                    child.kill()
                    kills += 1
                    break
            else:
                assert child.wait() == 0
                assert last.startswith("ok"), last
                return kills


def copy_killed_at(stage: str, *arguments: str) -> None:
    """Copy in a process that is killed when it says that it is at a stage."""
    with subprocess.Popen(
        [sys.executable, COPIER, *arguments], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert any(line.startswith(stage) for line in child.stdout), f"never at {stage!r}"
        child.kill()
