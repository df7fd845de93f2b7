"""The files of examples/cluster do what they say, as far as that can be seen without a cluster."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from milvus_server import MilvusProcess

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / "examples" / "cluster"
FAKE = """#!/bin/sh
echo "$@" >> calls
exit $(head -1 statuses; sed -i 1d statuses)
"""


GIVEN = {"PICTURES": "/photos", "ADDRESS": "a", "REPORT": "job", "PAUSE": "0"}


def load(name: str) -> Any:
    return yaml.safe_load((CLUSTER / name).read_text(encoding="utf-8"))


@pytest.fixture
def job() -> Any:
    return load("kubernetes.yaml")


@pytest.fixture
def worker(job: Any) -> Any:
    [container] = job["spec"]["template"]["spec"]["containers"]
    return container


def environment(**given: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **given}


def bash(*command: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(**given), capture_output=True, text=True, check=False
    )


def with_statuses(folder: Path, *statuses: int) -> dict[str, str]:
    """A `lookalike` that ends with these, one after the other."""
    fake = folder / "bin" / "lookalike"
    fake.parent.mkdir()
    fake.write_text(FAKE)
    fake.chmod(0o755)
    (folder / "statuses").write_text("".join(f"{status}\n" for status in statuses))
    return {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}


def variables(container: Any) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


class TestKubernetes:
    def test_there_are_as_many_parts_as_pods(self, job: Any, worker: Any) -> None:
        spec = job["spec"]
        assert spec["completionMode"] == "Indexed"
        assert str(spec["completions"]) == variables(worker)["LOOKALIKE_SHARDS"]
        assert spec["parallelism"] <= spec["completions"]

    def test_what_is_required_beside_a_failure_policy_is_there(self, job: Any) -> None:
        assert job["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2]
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        assert job["spec"]["podReplacementPolicy"] == "Failed"

    def test_the_token_is_a_secret(self, worker: Any) -> None:
        token = variables(worker)["LOOKALIKE_MILVUS_TOKEN"]
        assert token == {"secretKeyRef": {"name": "milvus", "key": "token"}}

    @pytest.mark.parametrize("name", ["kubernetes.yaml", "weights.yaml"])
    def test_every_mount_has_its_volume(self, name: str) -> None:
        pod = load(name)["spec"]["template"]["spec"]
        volumes = {one["name"] for one in pod["volumes"]}
        [container] = pod["containers"]
        assert {one["name"] for one in container["volumeMounts"]} == volumes
        assert container["resources"]["limits"]["memory"]

    def test_weights_lie_where_workers_look(self, worker: Any) -> None:
        [fetch] = load("weights.yaml")["spec"]["template"]["spec"]["containers"]
        assert variables(fetch)["LOOKALIKE_CACHE"] == variables(worker)["LOOKALIKE_CACHE"]
        assert fetch["args"][:2] == ["models", "fetch"]

    @pytest.mark.parametrize(("status", "ends"), [(0, 0), (1, 0), (2, 2), (3, 3), (137, 137)])
    def test_a_failed_picture_is_no_failed_pod(
        self, worker: Any, tmp_path: Path, status: int, ends: int
    ) -> None:
        fake = with_statuses(tmp_path, status)
        done = bash(*worker["command"], *worker["args"], folder=tmp_path, ADDRESS="a b", **fake)
        assert done.returncode == ends
        assert (tmp_path / "calls").read_text() == (
            "index /photos -c a b --shard auto --report /report\n"
        )

    def test_the_command_runs_and_the_probe_sees_it(
        self, worker: Any, photos: Path, tmp_path: Path
    ) -> None:
        def here(script: str) -> str:
            script = script.replace("/photos", str(photos / "animals"))
            return script.replace("/report", "report")

        [script] = worker["args"]
        script = here(script).replace("-c ", "--encoder phash -c ")
        given = {"JOB_COMPLETION_INDEX": "3", "LOOKALIKE_SHARDS": "16", "ADDRESS": "part-3"}
        probe = [here(part) for part in worker["livenessProbe"]["exec"]["command"]]
        assert bash(*probe, folder=tmp_path, **given).returncode != 0
        done = bash(*worker["command"], script, folder=tmp_path, **given)
        assert done.returncode == 0, done.stderr
        assert bash(*probe, folder=tmp_path, **given).returncode == 0
        report = json.loads((tmp_path / "report" / "shard-3-of-16.json").read_text())
        assert report["state"] == "finished"
        long_ago = 1_000_000_000
        os.utime(tmp_path / "report" / "shard-3-of-16.json", (long_ago, long_ago))
        assert bash(*probe, folder=tmp_path, **given).returncode != 0


class TestSlurm:
    def test_the_array_counts_from_0_and_has_as_many_tasks_as_there_are_parts(self) -> None:
        text = (CLUSTER / "slurm.sh").read_text()
        assert "#SBATCH --array=0-15\n" in text
        assert "LOOKALIKE_SHARDS:-16}" in text

    @pytest.mark.parametrize(
        ("statuses", "ends"),
        [
            ([0], 0),
            ([1], 0),
            ([2], 2),
            ([3, 3, 0], 0),
            ([3, 1], 0),
            ([3, 2], 2),
            ([3] * 6, 3),
            ([130], 130),
        ],
    )
    def test_only_what_may_pass_is_tried_again(
        self, tmp_path: Path, statuses: list[int], ends: int
    ) -> None:
        fake = with_statuses(tmp_path, *statuses)
        done = bash("bash", str(CLUSTER / "slurm.sh"), folder=tmp_path, **GIVEN, **fake)
        assert done.returncode == ends, done.stderr
        calls = (tmp_path / "calls").read_text().splitlines()
        assert calls == ["index /photos -c a --shard auto --report job"] * len(statuses)

    def test_it_names_what_is_not_set(self, tmp_path: Path) -> None:
        done = bash("bash", str(CLUSTER / "slurm.sh"), folder=tmp_path, PICTURES="", ADDRESS="a")
        assert done.returncode != 0
        assert "PICTURES: a folder that all nodes see" in done.stderr

    def test_tasks_of_an_array_make_one_report(self, photos: Path, tmp_path: Path) -> None:
        for task in range(2):
            done = bash(
                "bash",
                str(CLUSTER / "slurm.sh"),
                "--encoder",
                "phash",
                folder=tmp_path,
                PICTURES=str(photos / "animals"),
                ADDRESS=f"part-{task}.lookalike",
                REPORT="job",
                LOOKALIKE_SHARDS="2",
                SLURM_ARRAY_JOB_ID="17",
                SLURM_ARRAY_TASK_ID=str(task),
                SLURM_ARRAY_TASK_COUNT="2",
            )
            assert done.returncode == 0, done.stderr
        merged = bash("lookalike", "report", "job", "--json", folder=tmp_path)
        assert merged.returncode == 0, merged.stderr
        assert json.loads(merged.stdout)["pictures"] == len([*(photos / "animals").iterdir()])


class TestLoop:
    def test_parts_at_a_time_make_one_report(
        self, milvus: MilvusProcess, photos: Path, tmp_path: Path
    ) -> None:
        pictures = photos / "animals"
        given = {
            "PICTURES": str(pictures),
            "ADDRESS": milvus.address("loop"),
            "REPORT": "job",
            "N": "2",
        }
        loop = ("bash", str(CLUSTER / "loop.sh"), "--encoder", "phash")
        done = bash(*loop, folder=tmp_path, **given)
        assert done.returncode == 0, done.stderr
        assert "2 of 2 parts finished" in done.stdout
        assert sorted(path.name for path in tmp_path.glob("*.log")) == ["part-0.log", "part-1.log"]
        merged = bash("lookalike", "report", "job", "--json", folder=tmp_path)
        assert json.loads(merged.stdout)["total"]["added"] == len([*pictures.iterdir()])

    def test_a_part_that_failed_shows_in_the_status(self, photos: Path, tmp_path: Path) -> None:
        given = {"PICTURES": str(photos), "ADDRESS": "nothing://", "REPORT": "job", "N": "2"}
        done = bash("bash", str(CLUSTER / "loop.sh"), folder=tmp_path, **given)
        assert done.returncode == 2

    def test_it_names_what_is_not_set(self, tmp_path: Path) -> None:
        done = bash("bash", str(CLUSTER / "loop.sh"), folder=tmp_path, PICTURES="/p", ADDRESS="")
        assert done.returncode != 0
        assert "ADDRESS: such as milvus://" in done.stderr
