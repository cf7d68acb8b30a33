"""`harness try`: many variants at once, ranked, and the best of them confirmed."""

from __future__ import annotations

from typing import Any

import click

from harness.api import save_variant, try_variants
from harness.cli.shared import offered_words
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import settings_options
from harness.cli.shared.measuring import (
    config_option,
    named_place,
    progress,
    results_option,
    said,
    told_options,
)
from harness.errors import ExitCode, NotAllowed, UsageError
from harness.project.finding import read_config
from harness.render.explaining import shown_again
from harness.render.guard_rows import broken_words
from harness.running.keywords import trying_of
from harness.running.listening import Told
from harness.running.try_results import TryResult

OF_A_RACE = (
    *("budget", "max_trials", "warmup", "seed", "seeds", "given", "cpus", "vary_layout", "metrics"),
    *("jail", "confidence", "threshold", "guard"),
)
"""The settings that mean something here."""


_HOW = ("metric", "together")


@command(epilog="Example: harness try a.patch b.patch --flags '-O3 -march=native'")
@click.argument("variants", nargs=-1, metavar="[VARIANT]...")
@click.option(
    "--target",
    help="The target that they are variants of; otherwise the only one.",
    shell_complete=offered_words.targets,
)
@click.option(
    "--flags",
    multiple=True,
    metavar="FLAGS",
    help="One more variant: the target with these flags behind its own. May be said several times.",
)
@click.option(
    "--case", help="The case; otherwise the task's first one.", shell_complete=offered_words.cases
)
@click.option(
    "--metric",
    metavar="NAME",
    help="What the race goes by: wall, cpu, or a figure that the target or a metric plugin"
    " declares, such as nodes. Time confirms.  [default: a campaign's objective; elsewhere wall or"
    " CPU time, whichever serves here, as in compare]",
)
@settings_options(
    *OF_A_RACE,
    budget="Race and confirm for at most this long, such as 20s; building and checking come"
    " before.  [default: 60s]",
)
@click.option(
    "--together/--alone",
    default=None,
    help="Put all that gain together, where they can be merged, and race that too; alone: look for"
    " the best single one.  [default: together]",
)
@click.option(
    "--save",
    metavar="NAME",
    help="Try nothing: put the code of now aside as the variant NAME, and HEAD back.",
)
@config_option
@results_option
@told_options
def try_command(variants: tuple[str, ...], **options: Any) -> Answer:
    """Race VARIANTs of a target against the code as it is now, all at once.

    \b
    a.patch            what git diff prints, applied to the code as it is now
    a folder           its files, laid over those of the project by their place below it
    a revision         a commit, branch or tag
    a saved name       what --save put aside; without any VARIANT: all of those

    In a campaign they race against the last kept state, after the thought and the plan; all are
    kept and logged, and the best one becomes the candidate, to be tested and measured as any other.
    Where none is shown to be faster there is no candidate, and the code stays as it is.

    All are built, checked for output, and run in common blocks; losers leave early. The best one is
    then measured once more beside the code of now, on fresh blocks. The exit code is 0 where it is
    surely faster, 1 where no variant is, 8 where that is open.
    """
    if options["save"] is not None:
        return _saved(variants, options)
    made = None if options["target"] else _in_campaign(variants, options)
    if made is not None:
        return made
    with progress() as listener:
        result = try_variants(
            *variants,
            **said(
                **{name: options[name] for name in (*OF_A_RACE, "target", "case", *_HOW)},
                flags=options["flags"] or None,
            ),
            **named_place(options, Told(listener)),
        )
    return _answer(result)


def _saved(variants: tuple[str, ...], options: dict[str, Any]) -> Answer:
    given = [name for name in ("target", "case", *_HOW, *OF_A_RACE) if _is_given(options[name])]
    if variants or options["flags"] or given:
        raise UsageError("--save puts code aside and tries nothing: say nothing beside it")
    from harness.optimise import active_campaign

    name, place = options["save"], said(config=options["config_path"])
    campaign = active_campaign(read_config(options["config_path"]))
    if campaign is None:
        commit = save_variant(name, **place)
    else:
        from harness.optimise.rivals import save_rival

        with campaign.locked():
            commit = save_rival(campaign, name)
    back = "HEAD" if campaign is None else "the last kept state"
    text = f"put aside as {name} ({commit[:12]}); the code is that of {back}"
    return Answer(result={"name": name, "commit": commit}, text=text, next_actions=("harness try",))


def _is_given(value: Any) -> bool:
    """Was an option said? One that may be said several times is empty where it was not."""
    return value not in (None, ())


_SETTLED = ("case", "confidence", "threshold", "seeds", "given", "jail", "guard")
"""What a campaign has agreed on."""


def _in_campaign(variants: tuple[str, ...], options: dict[str, Any]) -> Answer | None:
    """The race as a part of an iteration of the campaign that is under way; None: there is none."""
    from harness.cli.campaign.common import answered
    from harness.cli.campaign.race_answers import longer_race, of_a_race
    from harness.optimise import active_campaign
    from harness.optimise.rivals import by_objective, try_rivals
    from harness.running.named_figures import plugins_named
    from harness.running.session import open_session
    from harness.running.variants import named_variants

    config = read_config(options["config_path"])
    campaign = active_campaign(config)
    if campaign is None:
        return None
    if campaign.state.agreed.executor:
        raise NotAllowed(
            f"variants are raced on this machine, and this campaign measures by"
            f" {campaign.state.agreed.executor}",
            hint="Put the best one into the tree yourself: harness test, then harness bench.",
        )
    given = [name for name in _SETTLED if _is_given(options[name])]
    if given:
        raise UsageError(f"--{given[0]} is not the command line's to say in a campaign")
    asked = {name: options[name] for name in (*OF_A_RACE, *_HOW)}
    trying = by_objective(campaign, trying_of(said(**asked)))  # type: ignore[arg-type]
    named = named_variants(variants, options["flags"], campaign.git)
    own = (*trying.settings.metrics, *plugins_named([trying.metric], config))
    with (
        campaign.locked(),
        progress() as listener,
        open_session(config, options["results"], listener, apart=True, metrics=own) as session,
    ):
        result = try_rivals(campaign, session, named, trying)
        again = longer_race(variants, options, trying.settings.budget_ns)
        words, code = of_a_race(result, again), ExitCode.FINE
        if result.leader is None:
            code = result.exit_code
        error = None if code is ExitCode.FINE else _NO_CANDIDATE
        return answered(campaign, words, result.to_dict(), exit_code=code, error=error)


_NO_CANDIDATE = "no variant was shown to be faster than the last kept state, which the code is"


def _none(result: TryResult) -> str:
    """That no variant is faster, and where none was confirmed why."""
    return "no variant is faster" if result.comparison is not None else result.sentence()


_ONCE_MORE = "the same command, with"


def _answer(result: TryResult) -> Answer:
    code = result.exit_code
    broken = broken_words(result.comparison) if result.comparison is not None else ""
    errors = {
        ExitCode.FINE: None,
        ExitCode.UNDECIDED: "undecided: the budget ended before an answer was sure",
    }
    return Answer(
        result=result.to_dict(),
        text=str(result),
        exit_code=code,
        error=errors.get(code, broken or _none(result)),
        hint="Give it more time with --budget."
        if code is ExitCode.UNDECIDED
        else next(filter(None, (shown_again(s.why, _ONCE_MORE) for s in result.standings)), None),
        next_actions=tuple(filter(None, (result.taking, result.next_try))),
    )
