"""What follows from a command that was advised and failed: never the same advice again; pure."""

from __future__ import annotations

from dataclasses import replace

from harness.campaign.advice import Advice, Situation, give_up, short
from harness.campaign.moves import Move, allows
from harness.campaign.state import Step
from harness.campaign.templates import note_template
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class FailedCommand:
    """A command that could not do what it was asked for, and where that was."""

    command: str
    """As it is typed, without options."""
    at: str
    """Stands for events and code; with others the failure says nothing."""
    message: str
    hint: str = ""
    times: int = 1
    outside: bool = False
    """It is mended outside of the code and its configuration: git, the disk, a compiler."""


_TRIES = 2
"""After this many failures in one state another way is advised."""
_START = "harness campaign start"
_ABANDON = "harness campaign abandon"


def after_failure(situation: Situation | None, advice: Advice, failure: FailedCommand) -> Advice:
    """The advice, or what comes in its place where it failed here already.

    There is no situation before the campaign is started.
    """
    if not f"{advice.command} ".startswith(f"{failure.command} "):
        return advice
    why = f"`{failure.command}` failed: {short(failure.message)}"
    first = f"mend that ({short(failure.hint)})" if failure.hint else "mend that"
    if failure.command == _START and situation is None and not failure.outside:
        command = 'git commit --all --message "Mend what the campaign starts from"'
        return Advice("REPAIR", why, command, first=first, instead=advice.command)
    first = f"{first}, without a change of the code"
    other = _other_way(situation, failure)
    if failure.times < _TRIES:
        return replace(advice, action="REPAIR", why=why, first=first, instead=other.command)
    return replace(other, why=f"{failure.times} times {why}", instead=advice.command)


def _other_way(situation: Situation | None, failure: FailedCommand) -> Advice:
    """How the campaign goes on without what fails."""
    if situation is None:
        # Before it is started a campaign has nothing that could go on in another way.
        first = f"mend what the start fails on; `{_ABANDON}` clears what it has left"
        return Advice("NONE", "", failure.command, should_continue=False, first=first)
    state = situation.state
    if state.step is Step.FINISHED:
        first = "see to what refuses the merge"
        return Advice("NONE", "", failure.command, should_continue=False, first=first)
    if failure.command == Move.TAKE_BACK.value and state.step is Step.FINISH:
        return Advice("FINISH", "", f"{Move.FINISH.value} --no-merge")
    if failure.command == Move.TAKE_BACK.value and allows(Move.DECIDE, state, situation.tree):
        return Advice("DECIDE", "", f'{Move.DECIDE.value} --exhausted "the output is wrong"')
    if state.iteration is not None and allows(Move.GIVE_UP, state, situation.tree):
        form = note_template(surprised=state.iteration.surprised)
        return replace(give_up(f"{failure.command} fails"), template=form)
    return Advice("ABANDON", "", _ABANDON)
