"""A first configuration for a project: looked for, written, and tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.api.calls import run
from harness.errors import ExitCode, HarnessError, UsageError
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.project.config import CONFIG_NAME, Config, load_config
from harness.running.initial.first_file import first_file
from harness.running.initial.found_program import FoundProgram
from harness.running.initial.frameworks_seen import SUITE
from harness.running.initial.looking import found_programs, named_targets
from harness.running.listening import Progress, Quiet, Told
from harness.running.reports import Failure, Report
from harness.system.process.not_shown import advised_inputs
from harness.system.store.files import storage_errors, write_atomically

_TRIAL_TIMEOUT_NS, _BUILD_TIMEOUT_NS = 20_000_000_000, 600_000_000_000
_TO_NOBODY = Told(Quiet())
_Targets = Mapping[str, tuple[str, FoundProgram]]


@dataclass(frozen=True, slots=True)
class FirstConfig:
    """A configuration that was written for a project."""

    path: Path
    targets: tuple[str, ...]
    """Those that ran."""
    left_out: Mapping[str, str]
    """Target: why it stands in the file as a comment only."""

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness init --json`."""
        return {
            "path": str(self.path),
            "targets": list(self.targets),
            "left_out": jsonable(self.left_out),
        }

    def __str__(self) -> str:
        many = f"{len(self.targets)} target{'s' * (len(self.targets) != 1)}"
        names = ", ".join(self.targets)
        ran = f"{many} that run{'s' * (len(self.targets) == 1)}: {names}" if names else "none runs"
        lines = [f"{self.path}: {ran}"]
        lines += [f"left out, {name}: {why}" for name, why in self.left_out.items()]
        return "\n".join(lines)


def initialise(
    folder: Path | None = None, *, tried: bool = True, progress: Progress = _TO_NOBODY
) -> FirstConfig:
    """Look for programs in a folder, write its `harness.toml`, and try each program.

    Scripts of a shell that are not named after benchmarks are not tried, and stand as comments.
    One that ends with an error is tried with the argument 1000 as well, and one that misses a file
    of the project with that as its input. A program that does not run
    with either, or prints something else each time, stands in the file as a comment with the
    reason. With `tried=False` nothing is built or run, and all stand in it.

    UsageError where there is a `harness.toml` already, which is never written over, and where
    nothing is found.
    """
    root = (folder or Path.cwd()).absolute()
    path = root / CONFIG_NAME
    if path.exists() or path.is_symlink():
        raise UsageError(
            f"{path} is there already, and is left as it is",
            hint="harness config check reads it; harness run times what it declares.",
        )
    targets = named_targets(found_programs(root))
    if not targets:
        raise UsageError(
            f"no program was found in {root}",
            hint="Name one: harness run ./program -- ARGUMENTS needs no configuration, and"
            " docs/configuration.md says how harness.toml declares one.",
        )
    reasons = {name: (p.lacks or (p.untried if tried else "")) for name, (_, p) in targets.items()}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    with storage_errors(path), path.open("x", encoding="utf-8") as file:
        file.write(first_file(targets, left_out))
    if tried:
        try:
            targets, left_out = _tried(path, targets, left_out, progress)
        except HarnessError as problem:
            problem.hint = f"{problem.hint or ''} {path} was written, untried.".strip()
            raise
    return FirstConfig(path, tuple(name for name in targets if name not in left_out), left_out)


def _tried(
    path: Path, targets: _Targets, untried: Mapping[str, str], progress: Progress
) -> tuple[_Targets, dict[str, str]]:
    """The targets, with tasks of their own where they print different things; who does not run.

    The file is written anew whenever a trial tells more.
    """
    kept, left_out = dict(targets), dict(untried)
    bare: dict[str, tuple[FoundProgram, str]] = {}  # as they were found, and what they said to that
    with TemporaryDirectory(prefix="harness-init-") as results:
        while trying := [name for name in kept if name not in left_out]:
            config = _hurried(load_config(path))
            ran = run(config=config, results=results, trials=2, progress=progress)
            failed = _failures(ran.report)
            if not failed:
                break
            for name, cases in failed.items():
                task, program = kept[name]
                failure = next(iter(cases.values()))
                alone = sum(kept[other][0] == task for other in trying) == 1
                if program.adapter == SUITE:
                    some = {m.case for m in ran.report.run.measurements if m.target == name}
                    if some - {*cases} and failure.exit_code is not ExitCode.ANSWER_IS_NO:
                        kept[name] = task, _without(program, cases)
                    else:
                        left_out[name] = failure.message
                elif (shown := _with_inputs(program, failure.message)) is not None:
                    kept[name] = task, shown
                elif failure.exit_code is ExitCode.TRIAL and name not in bare:
                    bare[name] = program, failure.message
                    kept[name] = task, _with_an_argument(program, failure.message)
                elif failure.exit_code is not ExitCode.ANSWER_IS_NO:
                    program, left_out[name] = bare.get(name, (program, failure.message))
                    kept[name] = task, program
                elif alone:
                    left_out[name] = (
                        "it prints something else each time: declare what is to be compared by"
                        f" [tasks.{task}.outputs.NAME] (docs/correctness.md). {failure.message}"
                    )
                else:
                    reason = f"{program.reason} It does not print what others of task {task} do."
                    kept[name] = (name, replace(program, reason=reason))
            with storage_errors(path):
                write_atomically(path, first_file(kept, left_out).encode("utf-8"))
    return kept, left_out


def _failures(report: Report) -> dict[str, dict[str, Failure]]:
    """By target and case, without those that were passed over."""
    found: dict[str, dict[str, Failure]] = {}
    for (_, case, name), failure in report.failures.items():
        if failure.exit_code is not ExitCode.FINE:
            found.setdefault(name, {})[case] = failure
    return found


def _without(program: FoundProgram, failed: Mapping[str, Failure]) -> FoundProgram:
    """The suite without the benchmarks that did not run."""
    said = " ".join(next(iter(failed.values())).message.split())
    reason = f"{program.reason} Those of `skip` did not run ({said})."
    return replace(program, options={**program.options, "skip": [*failed]}, reason=reason)


def _with_an_argument(program: FoundProgram, said: str) -> FoundProgram:
    """The same called with a number, where it does not run without one: many take a size."""
    said = " ".join(said.split())
    reason = f"{program.reason} Given a number, since it wants arguments ({said}): say your own."
    return replace(program, options={**program.options, "args": ["1000"]}, reason=reason)


def _with_inputs(program: FoundProgram, said: str) -> FoundProgram | None:
    """The same shown the files of the project that it misses; None where that is not why."""
    inputs = advised_inputs(said)
    if not inputs or "inputs" in program.options:
        return None
    reason = f"{program.reason} It opens files of the project."
    return replace(program, options={**program.options, "inputs": inputs}, reason=reason)


def _hurried(config: Config) -> Config:
    """The same with short timeouts: a program that waits for somebody is found out soon."""
    targets = {
        name: replace(target, timeout_ns=_TRIAL_TIMEOUT_NS, setup_timeout_ns=_BUILD_TIMEOUT_NS)
        for name, target in config.targets.items()
    }
    return replace(config, targets=targets)
