"""The command line: one module per command, loaded when it is called.

The table below is all that `harness --help` needs, so that it stays fast.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from harness import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Build, check, time and table targets."),
    "compare": ("compare", "Say which of two targets or revisions is faster."),
    "try": ("try_variants", "Race many variants at once, and confirm the best one."),
    "baseline": ("baseline", "Measure a campaign's reference once, and seal it."),
    "test": ("test", "Say whether the current tree still computes what the baseline did."),
    "bench": ("bench", "Compare the current tree with the baseline, phase by phase."),
    "profile": ("profile", "Say where a target's time goes: phases, functions, lines."),
    "optimise": ("campaign.optimise", "Begin a campaign on a program, without any file."),
    "campaign": ("campaign.group", "Start, show, finish, abandon and list optimisation campaigns."),
    "next": ("campaign.next", "Say the one safest next action of the campaign."),
    "status": ("campaign.status", "Show the campaign so that anyone can take it over."),
    "think": ("campaign.think", "Register a prediction before the code changes."),
    "plan": ("campaign.plan", "Say what will be tried, and why."),
    "log": ("campaign.log", "Write the surprise, after the result."),
    "commit": ("campaign.commit", "Commit a kept iteration with its logs."),
    "revert": ("campaign.revert", "Put the last kept state back; keep the attempt aside."),
    "restore": ("campaign.restore", "Put back the code that is wanted; keep what was there."),
    "decide": ("campaign.decide", "Go on or stop, by the criteria of the method."),
    "skip": ("campaign.skip", "Give a bottleneck up, with the reason."),
    "loop": ("campaign.loop", "Let an agent or a proposer run the campaign, unattended."),
    "verify": ("campaign.verify", "Derive every number, log and decision of a campaign again."),
    "trust": ("campaign.trust", "Show what decides beside the code, and what of it has changed."),
    "surprises": ("campaign.surprises", "Search what earlier iterations taught."),
    "bisect": ("bisect", "Find the commit that made a target slower."),
    "report": ("report", "Make a page of a run, task or campaign, to be handed on."),
    "history": ("history", "List stored runs and their measurements."),
    "export": ("export", "Write a stored run in the format of another tool."),
    "import": ("import_results", "Put what another tool measured into the history."),
    "adapters": ("adapters", "List installed adapters and the toolchains they find."),
    "doctor": ("doctor", "Say what makes timings unreliable on this machine."),
    "redteam": ("redteam", "Try known ways to seem faster, and say which are found out."),
    "config": ("config", "Check harness.toml or print its JSON schema."),
}
"""Command: (module of this package, one line of help)."""


_STEPS_OF_CAMPAIGNS = ("baseline", "test", "bench", "profile", "try")
"""Commands outside of `campaign` that are steps of one where one is under way."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"harness.cli.{COMMANDS[cmd_name][0]}")
        attribute = f"{cmd_name.replace('-', '_')}_command"
        command: click.Command = getattr(module, attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from harness.model.suggesting import did_you_mean

            message = f"{problem.message} {did_you_mean(args[0], COMMANDS)}".rstrip()
            raise click.UsageError(message, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command takes --json and then prints one JSON envelope on standard output."
    " Exit codes: 0 fine, 1 the answer is no, 2 usage, 3 adapter or toolchain missing,"
    " 4 build failed, 5 trial failed, 6 data damaged, 7 not allowed now, 8 undecided, 70 a bug,"
    " 130 interrupted.",
)
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    """Measure, compare and optimise programs in C, Julia, Python and your language.

    \b
    harness run --adapter c                 the targets of harness.toml that are in C
    harness run --adapter c nbody.c -- 1000 a single file, without any configuration
    """


def main() -> None:
    """The console script: run the command line and exit with its code."""
    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if name in _STEPS_OF_CAMPAIGNS or COMMANDS.get(name, ("",))[0].startswith("campaign."):
        from harness.system.process.isolated import start_isolated

        start_isolated(sys.argv[1:])
    from harness.cli.shared.base import guard
    from harness.cli.streams import output_problem, take_streams
    from harness.system.launcher.watching import stop_as_told

    take_streams()
    stop_as_told()
    code = guard(cli, sys.argv[1:])
    if words := output_problem():
        click.echo(f"harness: {words}", err=True)
        code = code or 2
    sys.exit(code)
