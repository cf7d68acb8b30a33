"""`harness skills`: what agents are told, written into a project."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.shared.base import Answer, command
from harness.optimise.agent_files import AGENT_NAMES, install


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def skills_command() -> None:
    """Write short instructions and skills for agents into a project.

    \b
    harness skills install                   AGENTS.md and .agents/skills, which most agents read
    harness skills install --agent claude    CLAUDE.md and .claude/skills
    """


@command(name="install", epilog="Example: harness skills install --agent claude ~/solver")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--agent",
    "agents",
    multiple=True,
    type=click.Choice(AGENT_NAMES),
    help="For whom; may be repeated. Left out: agents, which is AGENTS.md and .agents/skills.",
)
def install_command(folder: Path | None, agents: tuple[str, ...]) -> Answer:
    """Write short instructions and skills for agents into a project.

    In AGENTS.md, CLAUDE.md and their like the harness has a marked block, beside which everything
    stays as it is; a skill is a file of its own. What was changed by hand, or is somebody else's,
    is left alone, and the exit code is 1. Called again, it brings its own up to date.
    """
    made = install(folder or Path.cwd(), agents or ("agents",))
    left = ", ".join(file.path for file in made.left)
    return Answer(
        result=made.to_dict(),
        text=str(made),
        exit_code=made.exit_code,
        error=f"left alone: {left}" if left else None,
        hint="Move it away, or remove what stands between the marks, and call it again."
        if left
        else None,
    )


skills_command.add_command(install_command)
