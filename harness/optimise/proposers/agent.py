"""Any command as a proposer: it reads its task on standard input and edits files in a worktree.

It is called three times an iteration, in the worktree: to think (it writes `thought.toml` and
changes nothing else), to implement, and to reflect (it writes `note.toml`). HARNESS_STEP says
which. An agent that says nothing more can be tried writes an empty `thought.toml`.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import TrialFailed, UsageError
from harness.hookspecs import Runner, hookimpl
from harness.model import Brief, Proposal, Reflection, environment
from harness.model.failure_lines import telling_lines
from harness.model.forms import read_fields, read_proposal, read_reflection
from harness.model.proposals import PROPOSER_FOLDER

THINK = """\
{brief}
Your task now: THINK. Change no code yet. Write {folder}/thought.toml:

title = "<brief title>"
optimization = "<what you will change, and why>"
bottleneck = "<a row of the profile>"
hypothesis = "<what limits it, and why>"
predicted_low = 1.2   # speed-up of the whole program over the last kept state
predicted_high = 1.5
# where it helps: chosen, reasoning, risk, pattern, and two or three
# [[options]] with name, pros, cons

If nothing reasonable is left to try, leave the file empty.
{problem}"""

IMPLEMENT = """\
{brief}
Your task now: IMPLEMENT what you planned: {title}.
{optimization}
Edit the files here, {worktree}. The output has to stay the same. Do not run git.
{problem}"""

REFLECT = """\
{brief}
The result of {title!r}: {result}.
Your task now: write {folder}/note.toml. What was unexpected? "None" only where nothing was.

surprise = "<what was unexpected>"
notes = "<observations, what to try next>"
why = "<where the prediction failed: what explains it>"
lesson = "<where it failed: what it teaches about the code>"
"""


_CALL = """\
sh -c "$1" <"$2"
code=$?
trap '' TERM
kill -TERM 0
exit $code"""
"""A turn ends with its agent: a process that it left would go on changing the worktree."""


def _call(brief: Brief, step: str, text: str, runner: Runner) -> None:
    """Run the agent's command with the text on its standard input; killed when its time is up."""
    command = brief.options.get("command", "")
    if not command:
        raise UsageError("no agent command", hint='harness loop --agent "COMMAND"')
    folder = brief.worktree / PROPOSER_FOLDER
    folder.mkdir(exist_ok=True)
    task = folder / f"{step}.txt"
    task.write_text(text, encoding="utf-8")
    argv = ("sh", "-c", _CALL, "agent", command, str(task))
    done = runner.tool(
        argv,
        cwd=brief.worktree,
        env={environment.STEP: step, environment.AGENT_FOLDER: PROPOSER_FOLDER},
        timeout_s=float(brief.options.get("timeout_s", "600")),
    )
    if not done.ok:
        tail = "\n".join(telling_lines(done.stderr or done.stdout))
        raise TrialFailed(f"the agent ended with {done.exit_code} at {step}:\n{tail}")


def _written(brief: Brief, name: str) -> str | None:
    """What the agent wrote; None where it wrote no such file."""
    path: Path = brief.worktree / PROPOSER_FOLDER / name
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else None
    except UnicodeDecodeError as problem:
        raise UsageError(f"{name}: not a text in UTF-8: {problem}") from None


@hookimpl
def harness_propose(brief: Brief, runner: Runner) -> Proposal | None:
    """Let the agent think."""
    refused = f"\nYour last thought was refused: {brief.problem}\n" if brief.problem else ""
    text = THINK.format(brief=brief.text, folder=PROPOSER_FOLDER, problem=refused)
    # What an earlier call wrote is no answer to this one.
    (brief.worktree / PROPOSER_FOLDER / "thought.toml").unlink(missing_ok=True)
    _call(brief, "think", text, runner)
    written = _written(brief, "thought.toml")
    if written is None:
        raise UsageError(
            f"the agent wrote no {PROPOSER_FOLDER}/thought.toml; where nothing is left to try it is"
            " empty",
            hint=f"{environment.STEP} and the text on standard input say what is asked for; see"
            " docs/proposers.md.",
        )
    if not written.strip():
        return None
    return read_proposal(read_fields(written, "thought.toml"), "thought.toml")


@hookimpl
def harness_implement(brief: Brief, proposal: Proposal, problem: str, runner: Runner) -> bool:
    """Let the agent change the code, or repair what does not build."""
    text = IMPLEMENT.format(
        brief=brief.text,
        title=proposal.title,
        optimization=proposal.optimization,
        worktree=brief.worktree,
        problem=f"\nThe build failed; repair it:\n{problem}\n" if problem else "",
    )
    _call(brief, "implement", text, runner)
    return True


@hookimpl
def harness_reflect(
    brief: Brief, proposal: Proposal, result: str, runner: Runner
) -> Reflection | None:
    """Let the agent say what was surprising."""
    told = {"title": proposal.title, "result": result, "folder": PROPOSER_FOLDER}
    text = REFLECT.format(brief=brief.text, **told)
    _call(brief, "reflect", text, runner)
    written = _written(brief, "note.toml") or ""
    if not written.strip():
        return None
    return read_reflection(read_fields(written, "note.toml"), "note.toml")
