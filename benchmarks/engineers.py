"""Scripted engineers: each tries the same edits, and decides by other means what stays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from rig import as_installed, child_cpu_s
from scripted import SEED, Edit, Program

from harness.model.durations import parse_duration_ns

HARNESS = str(Path(sys.executable).parent / "harness")
OLDER = (
    "import harness.optimise.terms as terms; terms.RULES = 2; from harness.cli import main; main()"
)
"""Starts a campaign under the second edition of the rules, which it then keeps."""

HYPERFINE_RUNS = 10

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
    taken_back: int = 0
    """How many edits that were kept first were found to be wrong later, and went."""
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

    `terms` are further lines of its table in harness.toml. Who `tries` races all edits at once by
    `harness try`, and those that may still gain again on top of what is kept.
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
        if tries:
            _race(house, [*edits], figures, shop / "variants")
        else:
            for edit in edits:
                iterate(house, edit, figures)
        done = _finish(house)
        while house.found_wrong:
            house.take_back()
            done = _finish(house)
        verified = house.call("verify")
        if not (done["ok"] and verified["ok"]):
            print(f"{program.name}: finish: {done['error']}; verify: {verified['error']}")
        session.claim = _claim(root)

    return work


def _race_s(look_s: float, program: Program, shop: Path, edits: int) -> float:
    """What a race of edits may take: as long as a look, or as a fifth of what hyperfine takes for
    ten runs of both sides of each, if that is longer."""
    began = time.perf_counter()
    program.run(program.base, shop, SEED)
    return max(look_s, 2 * HYPERFINE_RUNS * edits * (time.perf_counter() - began) / 5)


def _finish(house: House) -> dict[str, Any]:
    """End the loop, and the campaign; the answer."""
    return house.call("campaign", "finish", "--exhausted", "the list of ideas is at its end")


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
        self.next_actions: list[str] = []
        self.parts: dict[str, set[str]] = {}
        """The edits that an iteration is made of, by its title, where a race put them together."""
        self.budget = "20s"
        """Of a race."""

    def call(self, *words: str, stdin: str = "", by: list[str] | None = None) -> dict[str, Any]:
        """The envelope of a command; its time is counted under its name."""
        before = child_cpu_s()
        argv = [*(by or [HARNESS]), *words, "--json"]
        with self.session.step(words[words[0] == "campaign"]):
            done = subprocess.run(
                argv, cwd=self.root, input=stdin.encode(), capture_output=True, env=as_installed()
            )
        self.cpu_s = child_cpu_s() - before
        envelope: dict[str, Any] = json.loads(done.stdout)
        if envelope["result"] is None and words[0] != "think":
            raise SystemExit(f"{' '.join(argv)}: {envelope['error']} {envelope['hint']}")
        self.state = envelope["state"] or self.state
        self.next_actions = envelope["next_actions"] or []
        return envelope

    @property
    def found_wrong(self) -> bool:
        """Does the campaign want a kept edit taken back?"""
        return "harness take-back" in self.next_actions

    def take_back(self) -> None:
        """Take the kept edit back that is wrong, as the harness found it out by itself."""
        session = self.session
        done = self.call("take-back")
        if not done["ok"]:
            raise SystemExit(f"{session.program.name}: {done['error']} {done['hint']}")
        events = next(self.root.glob("optim/**/events.jsonl")).read_text(encoding="utf-8")
        made = [json.loads(line) for line in events.splitlines()]
        titles = [event["data"]["plan"]["title"] for event in made if event["kind"] == "planned"]
        taken = [titles[number - 1] for number in done["result"]["iterations"]]
        gone = {name for title in taken for name in self.parts.get(title, {title})}
        session.tried = [
            replace(tried, kept=tried.kept and tried.edit.name not in gone)
            for tried in session.tried
        ]
        session.final = (self.root / session.program.source).read_text(encoding="utf-8")
        session.taken_back += len(gone)


_NOTE = {"surprise": "what was measured", "why": "measured"}


def _iterate(house: House, edit: Edit, figures: Mapping[str, str]) -> None:
    """One iteration with an edit: think, edit, and all of the rest in one call.

    What is undecided after its budget is given up. What could not be judged, since an edit that was
    kept before is wrong, is tried again without that.
    """
    session, program = house.session, house.session.program
    if house.state == "PROFILE":
        house.profile = house.call("profile")["result"]["rows"]
    _think(house, edit)
    used = house.cpu_s
    before, after = session.final, program.edited(session.final, edit, figures)
    (house.root / program.source).write_text(after, encoding="utf-8")
    kept, right = _close(house, edit, used)
    if house.found_wrong:
        house.take_back()
        _iterate(house, edit, figures)
        return
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
    """Race all edits at once by `harness try` and have what is best measured, while one is kept.

    Those that may still gain on top of it, by the race's own words, are written anew and raced
    again, in what is left of the time of one race and a half; the others are given up.
    """
    session, program, left = house.session, house.session.program, edits
    look_s = parse_duration_ns(house.budget, "--budget") / 1e9
    race_s = _race_s(look_s, program, place.parent, len(edits))
    for number in count(1):
        left_s = min(race_s, 1.5 * race_s - session.by_step["try"])
        if left_s < race_s / 3:
            state = session.final
            session.tried += [
                Tried(edit, state, program.edited(state, edit, figures), False, True)
                for edit in left
            ]
            return
        before = session.final
        by_name = {f"{number}-{at}": edit for at, edit in enumerate(left)}
        texts = {name: program.edited(before, edit, figures) for name, edit in by_name.items()}
        if not texts:
            return
        for name, text in texts.items():
            (place / name).mkdir(parents=True)
            (place / name / program.source).write_text(text, encoding="utf-8")
        if house.state == "PROFILE":
            house.profile = house.call("profile")["result"]["rows"]
        _think(house, left[0])
        words = ("try", *(str(place / name) for name in texts), "--budget", f"{left_s:.0f}s")
        result = house.call(*words)["result"]
        after = (house.root / program.source).read_text(encoding="utf-8")
        kept = after != before and _close(house, left[0], 0.0)[0]
        parts = _parts(result, after, texts) if kept else []
        again = [each["name"] for each in result["leftover"]] if kept else []
        session.final = after if kept else before
        _note_raced(house, (result, before), (by_name, parts, again), figures)
        if after == before:
            words = ("log", "--abandon", "no variant gains", "--then", "auto", "--file", "-")
            house.call(*words, stdin=json.dumps({**_NOTE, "lesson": "none of them"}))
        house.parts[left[0].name] = {by_name[part].name for part in parts}
        if house.found_wrong:
            house.take_back()
        left = [by_name[name] for name in again]


def _parts(result: Mapping[str, Any], after: str, texts: Mapping[str, str]) -> list[str]:
    """The variants that the candidate of a race is made of, in their order."""
    if result["together"] is not None:
        return list(result["together"]["parts"])
    return [name for name, text in texts.items() if text == after][:1]


def _note_raced(
    house: House,
    race: tuple[Mapping[str, Any], str],
    of_names: tuple[Mapping[str, Edit], list[str], list[str]],
    figures: Mapping[str, str],
) -> None:
    """Note what became of the edits of a race: those kept one on top of the other, and the others
    on top of all of them.

    `race` is its result and the state that it was of; `of_names` are all edits, the names of those
    kept, and of those that are raced again.
    """
    session, (result, state), (by_name, parts, again) = house.session, race, of_names
    program = session.program
    ranks = {variant["name"]: variant["rank"] for variant in result["variants"]}
    for at, name in enumerate(parts, 1):
        last = at == len(parts)
        after = session.final if last else program.edited(state, by_name[name], figures)
        session.tried.append(Tried(by_name[name], state, after, True, True))
        state = after
    for name, edit in by_name.items():
        if name not in parts and name not in again:
            after = program.edited(session.final, edit, figures)
            right = ranks.get(name) not in ("wrong", "failed", "does not build")
            session.tried.append(Tried(edit, session.final, after, False, right))


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
