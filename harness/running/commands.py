"""The commands of a target beside its program: set up, clean up, before and after each trial."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.errors import BuildFailed, StorageFailed, TrialFailed
from harness.model import Completed, Target
from harness.running.build_advice import advice_on
from harness.system.process.opening import CoreRunner
from harness.system.process.telling import telling_words


def run_commands(runner: CoreRunner, target: Target, what: str) -> None:
    """Run a target's commands of one kind, such as `setup`; BuildFailed where one fails."""
    for command in getattr(target, what):
        named = f"target {target.name!r}: {what} command {' '.join(command)!r}"
        try:
            with runner.on_behalf_of(target):
                done = runner.command(
                    command,
                    cwd=target.root,
                    env=target.env,
                    timeout_s=target.setup_timeout_ns / 1e9,
                )
        except TrialFailed as failure:
            raise BuildFailed(
                f"{named}: {failure.message}", hint="`setup_timeout` gives it more time."
            ) from None
        if not target.root.is_dir():
            raise StorageFailed(f"{named} has removed the project's folder {target.root}")
        if done.stopped_us:
            raise BuildFailed(
                f"{named}: the harness itself was stopped (SIGSTOP) while it ran",
                hint="Where others ran at once, each of them may have done it.",
            )
        if not done.ok:
            raise BuildFailed(
                f"{named} ended with {done.exit_code}\n{words_of_command(done)}".rstrip(),
                hint=advice_on(done.stdout, done.stderr, runner.jail),
            )


_NOTHING_BESIDE = contextlib.nullcontext()


def beside_trial(runner: CoreRunner, target: Target) -> contextlib.AbstractContextManager[None]:
    """Run the commands before and after a trial; TrialFailed where one does not end with 0.

    What was prepared is concluded however the trial ended, Ctrl-C included.
    """
    if not target.prepare and not target.conclude:
        return _NOTHING_BESIDE
    return _prepared(runner, target)


@contextlib.contextmanager
def _prepared(runner: CoreRunner, target: Target) -> Iterator[None]:
    _around(runner, target, "prepare")
    try:
        yield
    except BaseException:
        with contextlib.suppress(TrialFailed):  # the trial's own words say more
            _around(runner, target, "conclude")
        raise
    _around(runner, target, "conclude")


def _around(runner: CoreRunner, target: Target, what: str) -> None:
    try:
        run_commands(runner, target, what)
    except BuildFailed as failure:
        raise TrialFailed(failure.message, hint=failure.hint) from None


def words_of_command(done: Completed) -> str:
    """What a command said: its standard error, or where that is empty its output."""
    return telling_words(done.stderr if done.stderr.strip() else done.stdout)
