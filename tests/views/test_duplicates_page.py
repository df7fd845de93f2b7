"""The page of duplicates: everything inside, nothing unsafe, a bounded size."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lookalike.duplicates import Duplicates, Group, Member
from lookalike.records import Record, Verdict
from lookalike.views import duplicates_page


def found(photos: Path, groups: int = 1, members: int = 2, **facts: str) -> Duplicates:
    uri = facts.get("uri", str(photos / "animals" / "raccoon.jpg"))
    made = []
    for place in range(groups):
        first = place * members + 1
        others = tuple(
            Member(Record(first + step, uri, size=10), Verdict.COPY, "pHash distance 3")
            for step in range(1, members)
        )
        made.append(Group(Record(first, uri, width=4, height=3, format="jpeg"), "largest", others))
    return Duplicates(made, records=99, seconds=0.5, by=["digests"], notices=["a <notice>"])


def test_a_page_has_everything_inside_and_its_script_is_the_allowed_one(photos: Path) -> None:
    html, left = duplicates_page.page(found(photos), name="here")
    assert left == 0
    assert html.count("data:image/jpeg;base64,") == 2
    assert not re.search(r'(src|href)="(?!data:image/|file:///)', html)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy.replace("&#39;", "'")
    assert policy.startswith("default-src")
    assert "a &lt;notice&gt;" in html
    assert "pHash distance 3" in html


def test_hostile_names_stay_text(photos: Path) -> None:
    uri = "/a/</script><script>alert(1)</script>\u202e.jpg"
    html, _ = duplicates_page.page(found(photos, uri=uri))
    assert "<script>alert(1)" not in html
    assert "\u202e" not in re.sub(r'id="data">.*?</script>', "", html, flags=re.DOTALL)
    (data,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert json.loads(data)["groups"]["1"][0][1] == uri
    html, _ = duplicates_page.page(found(photos, uri="javascript:alert(1)"))
    assert 'href="javascript' not in html


def test_groups_without_room_are_counted(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates_page, "MOST_BYTES", 100_000)
    html, left = duplicates_page.page(found(photos, groups=50))
    assert 0 < left < 50
    assert f"{left} more groups have no room on this page" in html
    assert len(html) < 400_000


def test_a_page_without_duplicates_says_so_and_offers_nothing() -> None:
    nothing = Duplicates([], records=1, seconds=0.1, by=["digests"])
    html, left = duplicates_page.page(nothing, name="here")
    assert left == 0
    assert "<h1>No duplicates</h1>" in html
    assert "1 record of here compared by digests" in html
    for word in ("could be freed", "--decide", "<script", "Small copies"):
        assert word not in html


def test_the_command_names_a_collection_that_is_not_the_usual_one(photos: Path) -> None:
    html, _ = duplicates_page.page(found(photos), name="my photos")
    assert "lookalike duplicates -c &#39;my photos&#39; --decide decisions.json" in html
    (data,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert json.loads(data)["command"].startswith("lookalike duplicates -c 'my photos'")
    html, _ = duplicates_page.page(found(photos), name=".lookalike")
    assert "<code>lookalike duplicates --decide decisions.json</code>" in html


def test_what_is_settled_is_said_and_not_asked_about(photos: Path) -> None:
    (group,) = found(photos, members=3)
    first, second = group.others
    kept = Member(first.record, first.verdict, first.reason, "keep")
    moved = Member(second.record, second.verdict, second.reason, "moved")
    shown = Duplicates(
        [Group(group.best, group.why, (kept, moved))], records=3, seconds=0.1, by=["digests"]
    )
    html, _ = duplicates_page.page(shown)
    assert '<span class="badge settled">kept</span>' in html
    assert '<span class="badge settled">moved away</span>' in html
    assert 'type="radio"' not in html


def test_members_beyond_the_most_are_counted_but_decided_about(photos: Path) -> None:
    html, _ = duplicates_page.page(found(photos, members=60))
    assert "and 35 more" in html
    (data,) = re.findall(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert len(json.loads(data)["groups"]["1"]) == 60


def test_the_file_is_written_and_pictures_that_are_gone_are_said_to_be(
    photos: Path, tmp_path: Path
) -> None:
    assert duplicates_page.write_page(found(photos, uri="/gone.jpg"), tmp_path / "p.html") == 0
    assert "the file is gone" in (tmp_path / "p.html").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("node") is None, reason="the script is tried with Node.js")
def test_the_script_is_one_that_can_be_read(tmp_path: Path) -> None:
    script = Path(duplicates_page.__file__).parent / "templates" / "duplicates.js"
    subprocess.run(["node", "--check", str(script)], check=True, capture_output=True)
