"""Remembers, on this machine alone, which command failed in which state: `harness next` asks."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from harness.campaign.events import Kind
from harness.campaign.failing import FailedCommand
from harness.errors import (
    AdapterError,
    DataUnreadable,
    Detached,
    GitFailed,
    HarnessError,
    NotAllowed,
    StorageFailed,
    UsageError,
)
from harness.optimise.campaign import Campaign
from harness.system.store.files import read_kept, storage_errors, write_atomically

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_Step = Callable[Concatenate[Campaign, _P], _Result]
_OUTSIDE = (GitFailed, StorageFailed, AdapterError, DataUnreadable)


def remembered(command: str) -> Callable[[_Step[_P, _Result]], _Step[_P, _Result]]:
    """A step whose failures are remembered; a refusal is none, since nothing was tried."""

    def wrap(step: _Step[_P, _Result]) -> _Step[_P, _Result]:
        @functools.wraps(step)
        def tried(campaign: Campaign, /, *args: _P.args, **options: _P.kwargs) -> _Result:
            try:
                return step(campaign, *args, **options)
            except HarnessError as problem:
                refused = isinstance(problem, NotAllowed) or type(problem) is UsageError
                # What goes on elsewhere has not failed: the same command goes on with it.
                if not (refused or isinstance(problem, Detached)):
                    _remember(campaign, command, problem)
                raise

        return tried

    return wrap


def recall(campaign: Campaign) -> FailedCommand | None:
    """The last failure, where it happened in the state that the campaign is in now."""
    with contextlib.suppress(HarnessError, OSError, msgspec.MsgspecError):
        found = msgspec.json.decode(read_kept(campaign.failure_path), type=FailedCommand)
        if found.at == _here(campaign):
            return found
    return None


def _remember(campaign: Campaign, command: str, problem: HarnessError) -> None:
    """Remember that a command failed; where that cannot be written, it is left out silently.

    The user must see the error of the command, and not one about remembering it.
    """
    with contextlib.suppress(HarnessError, OSError, UnicodeEncodeError):
        before = recall(campaign)
        fresh = FailedCommand(
            command,
            _here(campaign),
            problem.message,
            problem.hint or "",
            outside=isinstance(problem, _OUTSIDE),
        )
        if before is not None and before.command == command:
            fresh = replace(fresh, times=before.times + 1)
        with storage_errors(campaign.failure_path.parent):
            campaign.failure_path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(campaign.failure_path, msgspec.json.encode(fresh))


def _here(campaign: Campaign) -> str:
    """Name the campaign's state by its events, the code and the committed code.

    Looks that were begun are not counted: one that failed leaves the state as it was.
    """
    count = sum(event.kind is not Kind.BENCHING for event in campaign.events)
    checkout = campaign.checkout
    return f"{count} {checkout.code_here()} {checkout.code_at('HEAD')}"
