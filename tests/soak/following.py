"""A campaign through the real command line, meddled with and killed; then `next` alone ends it.

`python tests/soak/following.py --commands 10000` plays campaigns until so many commands were typed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from tally import Tally, let_go

from harness.cli import COMMANDS
from harness.cli import main as main_of_harness
from harness.model.forms import read_fields

HARNESS = Path(sys.executable).with_name("harness")
LONGEST_S = 300
MOST_STEPS = 80
"""A campaign of two iterations has ended after so many steps, whatever was done to it."""
FINE = (0, 1, 4, 5, 8)
"""The answers of a command that was accepted: what it found may be a failure of the program."""

CONFIG = """
[tasks.work]
cases.fast.params = { n = 1 }
outputs.answer = { from = "stdout", kind = "exact" }

[targets.work]
task = "work"
adapter = "command"
program = "./work.sh"
sources = ["work.sh"]

[campaigns.work]
target = "work"
case = "fast"
max_iterations = ITERATIONS
bench_budget = "1s"
"""

OURS = "git diff --name-only --diff-filter=U -z | xargs -0 -r git checkout -q --ours --"

DEEDS = (
    "echo '# edited' >> work.sh",
    "echo '# checked' >> harness.toml",
    "git checkout -q -- .",
    "git commit -qam 'by hand'",
    "git commit -q --amend -m 'amended by hand'",
    "git stash -q",
    "git switch -q main",
    "git switch -q optimization",
    "git switch -q --detach",
    "git switch -q main; git branch -D optimization",
    "git switch -q main && echo more >> base.txt && git add base.txt && git commit -qm More",
    "git merge -q --no-edit main",
    "git rebase -q main",
    "touch .git/index.lock",
)


def import_all() -> None:
    """Import once what every command would import: each is then a fork of this process."""
    for name in (module for module, _ in COMMANDS.values()):
        importlib.import_module(f"harness.cli.{name}")
    for name in ("pandas", "pyarrow.parquet", "scipy.stats", "harness.optimise.workbench"):
        importlib.import_module(name)


def become_harness(
    words: list[str], folder: Path, streams: tuple[IO[bytes], IO[bytes]], *, errors: bool
) -> NoReturn:
    """In a child that was forked for it: one call of `harness`, in a session of its own."""
    code = 70
    try:
        os.setsid()
        let_go()
        os.chdir(folder)
        given, said = (stream.fileno() for stream in streams)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number, stream in enumerate((given, said, said if errors else nowhere)):
            os.dup2(stream, number)
        sys.argv = [str(HARNESS), *words]
        main_of_harness()
    except SystemExit as leave:
        code = int(leave.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    """The exit code of a child, or the signal that ended it, as a negative number."""
    handle = os.pidfd_open(child)
    try:
        if not select.select([handle], [], [], LONGEST_S)[0]:
            os.killpg(child, signal.SIGKILL)
            raise AssertionError(f"a command did not end within {LONGEST_S} s")
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Stopped(Exception):
    """Nobody wants more of this campaign."""


@dataclass
class Player:
    """Types the commands of one campaign."""

    root: Path
    chance: random.Random
    story: list[str] = field(default_factory=list)
    commands: int = 0
    killed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    goes_on: Callable[[], bool] = lambda: True

    @classmethod
    def begun(cls, root: Path, seed: int, iterations: int = 2) -> Player:
        root.mkdir(parents=True)
        made = cls(root, random.Random(seed))
        (root / "harness.toml").write_text(CONFIG.replace("ITERATIONS", str(iterations)))
        (root / ".gitignore").write_text(".harness/\n")
        made.write(0.02)
        made.sh("git init -q --initial-branch=main && git add -A && git commit -qm Begin")
        return made

    def write(self, seconds: float) -> None:
        program = self.root / "work.sh"
        text = f"#!/bin/sh\n# {self.chance.random()}\nsleep {seconds}\necho 42\n"
        program.write_text(text)
        program.chmod(0o755)

    def sh(self, line: str) -> int:
        self.story.append(line)
        done = subprocess.run(["sh", "-c", line], cwd=self.root, capture_output=True, check=False)
        if done.returncode:
            self.story.append(f"  {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
        return done.returncode

    def harness(self, words: str, stdin: str = "", dies_after_s: float = 0.0) -> tuple[int, str]:
        """One command; its exit code and what it printed. With a time it is killed then."""
        self.commands += 1
        said_with = not words.startswith("next")
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(stdin.encode())
            given.seek(0)
            sys.stdout.flush()
            child = os.fork()
            if not child:
                become_harness(shlex.split(words), self.root, (given, said), errors=said_with)
            if dies_after_s:
                time.sleep(dies_after_s)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
            code = ended(child)
            said.seek(0)
            return code, said.read().decode("utf-8", "replace")

    # -- turns ---------------------------------------------------------------------------------

    def advised(self) -> dict[str, Any]:
        if not self.goes_on():
            raise Stopped
        code, out = self.harness("next --json")
        assert code == 0, f"`harness next` ends with {code}: {out[-600:]}{self.told()}"
        found: dict[str, Any] = json.loads(out)["result"]
        self.met[found["action"]] += 1
        return found

    def obey(self, advice: dict[str, Any], dies_after_s: float = 0.0) -> None:
        """What is advised, the form filled in; refused it may not be, unless it is killed."""
        first, command = advice["first"], advice["command"]
        self.story.append(f"{advice['action']}: {command}")
        if first and "without a change of the code" not in first:
            self.sh(OURS)
            self.write(self.chance.choice([0.01, 0.02, 0.03]))
        if not command.startswith("harness "):
            self.commands += 1
            accepted = self.sh(command) == 0 or self.sh("test -e .git/MERGE_HEAD") == 0
            assert accepted, f"git refused{self.told()}"
            return
        form = json.dumps(self.filled(advice["template"])) if "--file -" in command else ""
        code, out = self.harness(command.removeprefix("harness "), form, dies_after_s)
        if dies_after_s:
            self.killed += code == -signal.SIGKILL
            self.story.append(f"killed after {dies_after_s:.2f} s")
            return
        # The merge of a finished campaign may want a hand; everything before it is done then.
        waits = code == 7 and "not merged yet" in out
        assert code in FINE or waits, f"refused with {code}: {out[-600:]}{self.told()}"

    def filled(self, template: str) -> dict[str, Any]:
        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [{k: f"filled {v[1:-1]}" for k, v in part.items()} for part in value]
            blank = isinstance(value, str) and value.startswith("<")
            return f"filled {value[1:-1]}"[:70] if blank else value

        return {key: fill(value) for key, value in read_fields(template, "the form").items()}

    def meddle(self) -> None:
        self.sh(self.chance.choice(DEEDS))

    def told(self) -> str:
        return "\n  " + "\n  ".join(self.story[-25:])

    def rough(self, turns: int) -> None:
        """Turns in which hands meddle and commands are killed."""
        for _ in range(turns):
            if self.chance.random() < 0.4:
                self.meddle()
            advice = self.advised()
            if not advice["should_continue"]:
                return
            dies = self.chance.random() < 0.4
            self.obey(advice, self.chance.uniform(0.05, 2.0) if dies else 0.0)

    def quiet(self) -> int:
        """Only what is advised, until the campaign has ended; how many steps that took."""
        seen: set[tuple[str, str]] = set()
        for step in range(MOST_STEPS):
            advice = self.advised()
            if not advice["should_continue"]:
                return step
            before = self.state()
            assert (before, advice["command"]) not in seen, f"it came twice{self.told()}"
            seen.add((before, advice["command"]))
            self.obey(advice)
        raise AssertionError(f"no end after {MOST_STEPS} steps{self.told()}")

    def state(self) -> str:
        shown = "git for-each-ref; git symbolic-ref HEAD; git rev-parse HEAD; git status --short"
        files = "cat work.sh harness.toml .harness/campaigns/work/*.json*"
        done = subprocess.run(
            ["sh", "-c", f"{shown}; {files}"], cwd=self.root, capture_output=True, check=False
        )
        return done.stdout.decode("utf-8", "replace")


@dataclass
class Followed:
    """What came of all campaigns, the one that is being played included."""

    commands: int = 0
    killed: int = 0
    problems: int = 0
    met: Counter[str] = field(default_factory=Counter)
    player: Player | None = None

    def play(self, seed: int, turns: int, iterations: int, look: Callable[[], bool]) -> None:
        """One campaign from its beginning to its end, or to where nobody wants more of it."""
        with tempfile.TemporaryDirectory(prefix="following-") as place:
            player = self.player = Player.begun(Path(place) / "repo", seed, iterations)
            player.goes_on = look
            try:
                player.rough(turns)
                player.quiet()
            except Stopped:
                pass
            except AssertionError as problem:
                self.problems += 1
                print(f"seed {seed}: {problem}", flush=True)
        self.player = None
        self.commands += player.commands
        self.killed += player.killed
        self.met += player.met

    def __str__(self) -> str:
        now = self.player or Player(Path(), random.Random())
        commands, killed = self.commands + now.commands, self.killed + now.killed
        return (
            f"{self.problems} problems in {commands} commands, {killed} killed;"
            f" {dict(self.met + now.met)}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commands", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--iterations", type=int, default=2, help="of a campaign, at most")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    for role in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{role}_NAME"] = "Test"
        os.environ[f"GIT_{role}_EMAIL"] = "test@example.org"
    import_all()
    told = Followed()
    seed = asked.seed
    with Tally(told.__str__) as tally:
        while told.commands < asked.commands and tally.look():
            told.play(seed, asked.turns, asked.iterations, tally.look)
            seed += 1
    print(told)
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
