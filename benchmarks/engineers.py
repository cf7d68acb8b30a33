"""Scripted engineers: each tries the same edits, and decides by other means what stays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from rig import as_installed, child_cpu_s
from scripted import SEED, Edit, Program

HARNESS = str(Path(sys.executable).parent / "harness")
OLDER = (
    "import harness.optimise.terms as terms; terms.RULES = 2; from harness.cli import main; main()"
)
"""Starts a campaign under the second edition of the rules, which it then keeps."""

CONFIG = """
[tasks.{name}.cases.fast]
params = {{ n = {n} }}
seed = {seed}

[targets.{name}]
task = "{name}"
adapter = "{adapter}"
sources = ["{source}"]
args = ["{{n}}", "{{seed}}"]

[campaigns.{name}]
target = "{name}"
case = "fast"
bench_budget = "{budget}"
max_iterations = 99
patience = 99
{more}
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """An edit that was tried on a state of the program, and whether it stayed."""

    edit: Edit
    before: str
    after: str
    kept: bool
    measured: bool
    """Was it right as far as the engineer could see, so that its time was asked for?"""


@dataclass(slots=True)
class Session:
    """What an engineer did to a program, and what is claimed in the end."""

    policy: str
    program: Program
    final: str
    tried: list[Tried] = field(default_factory=list)
    claim: tuple[float, float] | None = None
    """The ends of the speed-up that is stated; None: none was."""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    """With all children, the program's runs among them."""
    by_step: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Wall time by what it went into."""
    own_cpu: list[float] = field(default_factory=list)
    """CPU seconds of each verdict that no timed trial took."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of what is done meanwhile."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.by_step[name] += time.perf_counter() - began


def by_hand(best_of_three: bool) -> Callable[..., None]:
    """Measure before and after by hyperfine, and keep what has the lower mean (or minimum)."""

    def work(
        session: Session, edits: tuple[Edit, ...], figures: Mapping[str, str], shop: Path
    ) -> None:
        program = session.program
        right = program.run(program.base, shop, SEED).stdout
        for edit in edits:
            before, after = session.final, program.edited(session.final, edit, figures)
            with session.step("test"):
                ran = program.run(after, shop, SEED)
            ok = ran.returncode == 0 and ran.stdout == right
            kept = False
            if ok:
                with session.step("bench"):
                    old, new = _hyperfine(program, (before, after), shop, best_of_three)
                key = "min" if best_of_three else "mean"
                kept = new[key] < old[key]
            session.tried.append(Tried(edit, before, after, kept, ok))
            session.final = after if kept else before
        with session.step("claim"):
            old, new = _hyperfine(program, (program.base, session.final), shop, best_of_three)
        if best_of_three:
            ratio = old["min"] / new["min"]
            session.claim = (ratio * 0.95, ratio * 1.05)  # it states no interval: within 5 %
            return
        ratio = old["mean"] / new["mean"]  # the interval is that of hyperfine's own summary
        share = ((old["stddev"] / old["mean"]) ** 2 + (new["stddev"] / new["mean"]) ** 2) ** 0.5
        session.claim = (ratio * (1 - share), ratio * (1 + share))

    return work


def _hyperfine(
    program: Program, texts: tuple[str, str], shop: Path, brief: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What hyperfine says of two states of the program."""
    commands = [
        " ".join([*program.command(text, shop), str(program.n), str(SEED)]) for text in texts
    ]
    out = shop / "hyperfine.json"
    runs = ("--runs", "3") if brief else ()
    argv = ["hyperfine", "-N", "--warmup", "1", *runs, "--export-json", str(out), *commands]
    subprocess.run(argv, check=True, capture_output=True)
    old, new = json.loads(out.read_text(encoding="utf-8"))["results"]
    return old, new


def campaign(
    edition: int, budget: str, terms: str = "", tries: bool = False
) -> Callable[..., None]:
    """Go through a campaign by the command line, under an edition of the rules.

    `terms` are further lines of its table in harness.toml. Who `tries` has the large edits measured
    one after the other, and then races the small ones by `harness try`.
    """

    def work(
        session: Session, edits: tuple[Edit, ...], figures: Mapping[str, str], shop: Path
    ) -> None:
        program = session.program
        root = shop / f"campaign-{edition}{'-try' * tries}"
        more = f'{terms}\nseeds = "fixed"' if edition < 3 else terms
        text = CONFIG.format(
            name=program.name,
            adapter=program.adapter,
            source=program.source,
            n=program.n,
            seed=SEED,
            budget=budget,
            more=more,
        )
        make_repository(root, {"harness.toml": text, program.source: program.base})
        house = House(root, session)
        house.budget = budget
        starter = [sys.executable, "-I", "-c", OLDER] if edition < 3 else [HARNESS]
        house.call("campaign", "start", by=starter)
        iterate = _iterate_by_steps if edition < 3 else _iterate
        for edit in [e for e in edits if not (tries and e.is_small)]:
            iterate(house, edit, figures)
        if tries:
            _race(house, [e for e in edits if e.is_small], figures, shop / "variants")
        if house.state == "PROFILE":
            house.call("profile")
        house.call("decide", "--exhausted", "the list of ideas is at its end")
        done = house.call("campaign", "finish")
        verified = house.call("verify")
        if not (done["ok"] and verified["ok"]):
            print(f"{program.name}: finish: {done['error']}; verify: {verified['error']}")
        session.claim = _claim(root)

    return work


def make_repository(root: Path, files: Mapping[str, str]) -> None:
    """A git repository with these files in one commit."""
    root.mkdir(parents=True)
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
    own = ("-c", "user.name=engineer", "-c", "user.email=engineer@localhost")
    for words in (("init", "-q"), ("add", "-A"), (*own, "commit", "-qm", "The program")):
        subprocess.run(["git", *words], cwd=root, check=True)


def _claim(root: Path) -> tuple[float, float] | None:
    """The speed-up over the baseline that was measured at the end."""
    last = None
    for line in next(root.glob("optim/**/events.jsonl")).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["kind"] == "finishing":
            last = event["data"]
    outcome = (last or {}).get("result")
    if not outcome:
        return None
    ends = outcome["fast"]["cumulative"]
    return ends["low"], ends["high"] if ends["high"] is not None else float("inf")


class House:
    """The harness in a repository, by its command line."""

    def __init__(self, root: Path, session: Session) -> None:
        self.root = root
        self.session = session
        self.profile: list[dict[str, Any]] = []
        self.state = ""
        self.cpu_s = 0.0
        self.budget = "20s"
        """Of a race."""

    def call(self, *words: str, stdin: str = "", by: list[str] | None = None) -> dict[str, Any]:
        """The envelope of a command; its time is counted under its name."""
        before = child_cpu_s()
        argv = [*(by or [HARNESS]), *words, "--json"]
        with self.session.step(words[-1] if words[0] == "campaign" else words[0]):
            done = subprocess.run(
                argv, cwd=self.root, input=stdin.encode(), capture_output=True, env=as_installed()
            )
        self.cpu_s = child_cpu_s() - before
        envelope: dict[str, Any] = json.loads(done.stdout)
        if envelope["result"] is None and words[0] != "think":
            raise SystemExit(f"{' '.join(argv)}: {envelope['error']} {envelope['hint']}")
        self.state = envelope["state"] or self.state
        return envelope


_WORTH = 1.01
"""A smaller speed-up is none: the threshold of a campaign."""
_NOTE = {"surprise": "what was measured", "why": "measured"}


def _iterate(house: House, edit: Edit, figures: Mapping[str, str]) -> None:
    """One iteration with an edit: think, edit, and all of the rest in one call.

    What is undecided after its budget is given up.
    """
    session, program = house.session, house.session.program
    if house.state == "PROFILE":
        house.profile = house.call("profile")["result"]["rows"]
    _think(house, edit)
    used = house.cpu_s
    before, after = session.final, program.edited(session.final, edit, figures)
    (house.root / program.source).write_text(after, encoding="utf-8")
    kept, right = _close(house, edit, used)
    session.tried.append(Tried(edit, before, after, kept, right))
    session.final = after if kept else before


def _close(house: House, edit: Edit, used: float) -> tuple[bool, bool]:
    """All of the rest of an iteration in one call: was the edit kept, and was it right?

    `used`: the CPU seconds that it took until now.
    """
    session, program = house.session, house.session.program
    note = json.dumps({**_NOTE, "lesson": edit.name})
    answer = house.call("bench", "--then", "auto", "--file", "-", stdin=note)
    used += house.cpu_s - timed_cpu_s(answer)
    right = (answer["result"].get("test") or {}).get("status") == "passed"
    if "outcome" not in answer["result"]:
        words = ("log", "--abandon", "not decided within the budget", "--then", "auto")
        answer = house.call(*words, "--file", "-", stdin=note)
        used += house.cpu_s
    if "outcome" not in (answer["result"] or {}):
        raise SystemExit(f"{program.name}: {edit.name}: {answer['error']} {answer['hint']}")
    session.own_cpu.append(used)
    return answer["result"]["outcome"] == "kept", right


def _race(house: House, edits: list[Edit], figures: Mapping[str, str], place: Path) -> None:
    """Race the edits by `harness try` and have the best one measured, as long as one is kept.

    Those that the race shows to be wrong, or slower than what they are tried on, are given up.
    """
    session, program, left = house.session, house.session.program, edits
    for number in count(1):
        if not left:
            return
        if house.state == "PROFILE":
            house.profile = house.call("profile")["result"]["rows"]
        _think(house, left[0])
        before, texts = session.final, {}
        for place_in, edit in enumerate(left):
            folder = place / f"{number}-{place_in}"
            folder.mkdir(parents=True)
            texts[folder.name] = program.edited(before, edit, figures)
            (folder / program.source).write_text(texts[folder.name], encoding="utf-8")
        by_name = dict(zip(texts, left, strict=True))
        raced = house.call("try", *(str(place / name) for name in texts), "--budget", house.budget)
        found = {Path(v["name"]).name: v for v in raced["result"]["variants"]}
        after = (house.root / program.source).read_text(encoding="utf-8")
        taken = next((n for n, text in texts.items() if text == after and raced["ok"]), None)
        kept = taken is not None and _close(house, by_name[taken], house.cpu_s)[0]
        hopeful = [n for n in texts if n != taken and kept and _may_gain(found[n])]
        for name, edit in by_name.items():
            if name not in hopeful:
                right = found[name]["rank"] not in ("wrong", "failed", "does not build")
                stays = kept and name == taken
                session.tried.append(Tried(edit, before, texts[name], stays, right))
        if taken is None:
            words = ("log", "--abandon", "no variant gains", "--then", "auto", "--file", "-")
            house.call(*words, stdin=json.dumps({**_NOTE, "lesson": "none of them"}))
        session.final = after if kept else before
        left = [by_name[name] for name in hopeful]


def _may_gain(variant: Mapping[str, Any]) -> bool:
    """Does what a race saw of a variant leave a gain worth having?"""
    ratio = variant["ratio"]
    return ratio is not None and ratio["high"] is not None and ratio["high"] > _WORTH


def _iterate_by_steps(house: House, edit: Edit, figures: Mapping[str, str]) -> None:
    """One iteration with an edit as it was: think, edit, test, bench, log."""
    session, program = house.session, house.session.program
    if house.state == "PROFILE":
        house.profile = house.call("profile")["result"]["rows"]
    _think(house, edit)
    used = house.cpu_s
    before, after = session.final, program.edited(session.final, edit, figures)
    (house.root / program.source).write_text(after, encoding="utf-8")
    answer = house.call("test")
    used += house.cpu_s
    right = bool(answer["ok"])
    if right:
        answer = house.call("bench")
        used += house.cpu_s - timed_cpu_s(answer)
    words = ["log", "--then", "auto", "--file", "-"]
    if answer["state"] not in ("LOG", "REVERT"):
        words[1:1] = ["--abandon", "not decided within the budget"]
    elif "--abandon" in " ".join(answer["next_actions"]):
        words[1:1] = ["--abandon", "it runs what ran before"]
    logged = house.call(*words, stdin=json.dumps({**_NOTE, "lesson": edit.name}))
    if not logged["ok"]:
        raise SystemExit(f"{program.name}: {edit.name}: {logged['error']} {logged['hint']}")
    session.own_cpu.append(used + house.cpu_s)
    kept = logged["result"]["outcome"] == "kept"
    session.tried.append(Tried(edit, before, after, kept, right))
    session.final = after if kept else before


def _think(house: House, edit: Edit) -> None:
    """Register the thought: on the edit's own function, on the largest where that is no row.

    Where the bottleneck is stuck after attempts that failed, the next one is named.
    """
    rows = sorted(house.profile, key=lambda row: (edit.region not in row["name"], -row["share"]))
    for row in rows:
        said = house.call("think", "--file", "-", stdin=json.dumps(thought(row["name"], edit)))
        if said["ok"]:
            return
    raise SystemExit(f"{edit.name}: {said['error']}")


def timed_cpu_s(answer: Mapping[str, Any]) -> float:
    """The CPU time of a look's timed trials."""
    fast = (answer["result"] or {}).get("fast") or {}
    guards = fast.get("guards") or {}
    both = (guards.get("baseline_cpu_ns") or 0) + (guards.get("current_cpu_ns") or 0)
    return float(fast.get("blocks") or 0) * both / 1e9


def thought(bottleneck: str, edit: Edit) -> dict[str, object]:
    """A thought of an engineer who promises little and says so."""
    options = [{"name": edit.name, "pros": "small", "cons": "none"}]
    options.append({"name": "leave it", "pros": "no work", "cons": "no gain"})
    return {
        "bottleneck": bottleneck,
        "hypothesis": f"{edit.region} takes longer than it must",
        "options": options,
        "chosen": f"{edit.name}: the smallest change",
        "predicted_low": 0.98,
        "predicted_high": 1.02,
        "reasoning": "a list of ideas",
        "risk": "the output",
        "reason": "it is next in the list",
        "title": edit.name,
        "optimization": f"{edit.region}: {edit.name}",
    }
