"""What a campaign works on: one target on one case, and the folder that its records lie in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.errors import ConfigError, UsageError
from harness.frozen import dataclass
from harness.model import Case, Target, Task, base_name
from harness.model.draws import Seeds
from harness.project.config import CampaignSection, Config, lookup
from harness.project.config_text import read_text

OPTIM_FOLDER = "optim"
BASELINE_NAME = "baseline.json"
RESULTS_NAME = "baseline_results"

CAMPAIGN_LAYOUTS = 8
"""A campaign keeps small gains, one after the other: an accident of layout must not be among them.
Student's interval has few degrees of freedom below that."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The target under optimisation, what it is run on, and where its baseline lies."""

    config: Config
    target: Target
    task: Task
    case: Case
    """The fast case, of every iteration."""
    full_case: Case | None
    """The larger one, for validation at scale."""
    folder: Path
    """Where the records of the campaign lie: `optim/`, or `optim/<campaign>/`."""
    campaign: str = ""
    """Its name in harness.toml; empty where none is declared."""
    seeds: Seeds = Seeds.FIXED
    """What blocks, and the test, draw anew beside the values that the baseline was made with."""
    scope: tuple[str, ...] = ()
    """What of the repository counts as the working tree; what lies elsewhere is as HEAD has it.
    Empty: everything."""
    further: tuple[Case, ...] = ()
    """Further cases, which are judged together with the fast one."""
    left_out: tuple[str, ...] = ()
    """Files below the top of the repository that do not count: they will be in no commit."""

    @property
    def root(self) -> Path:
        return self.config.root

    @property
    def tag(self) -> str:
        """The tag that marks the baseline."""
        return tag_name("pre-optimization", self.config, self.campaign)

    @property
    def cases(self) -> tuple[Case, ...]:
        """The case, its further ones, and the full one where there is any."""
        return self.measured(full=self.full_case is not None)

    def measured(self, *, full: bool) -> tuple[Case, ...]:
        """The cases of a look; UsageError where the full one is wanted and there is none."""
        return (self.case, *self.further, *([self.chosen(True)] if full else []))

    @property
    def section(self) -> CampaignSection | None:
        """What harness.toml says of the campaign; None where none is declared."""
        return self.config.campaigns.get(self.campaign)

    def chosen(self, full: bool) -> Case:
        """The case, or the full one; UsageError where there is none."""
        if not full:
            return self.case
        if self.full_case is None:
            raise UsageError(
                f"{self.campaign or self.target.name} has no full case",
                hint="Add full_case to the campaign in harness.toml, before its baseline is made.",
            )
        return self.full_case


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command line says of the workload."""

    campaign: str | None = None
    target: str | None = None
    case: str | None = None
    full_case: str | None = None


def find_workload(config: Config, wanted: Wanted | None = None) -> Workload:
    """The campaign that is named, or the only one; with none declared, one made of a target.

    Raises UsageError where it is not clear which one is meant, ConfigError for an unknown name.
    """
    wanted = wanted or Wanted()
    if config.path is None:
        raise UsageError("a baseline needs a harness.toml", hint="See README.md for one.")
    if config.campaigns:
        return _declared(config, wanted)
    if wanted.campaign is not None:
        raise UsageError(
            f"no campaign named {wanted.campaign!r}: {config.path} declares none",
            hint=f"Add [campaigns.{wanted.campaign}], or name a target with `target`.",
        )
    return _unnamed(config, wanted)


def _declared(config: Config, wanted: Wanted) -> Workload:
    for option, value in (("target", wanted.target), ("case", wanted.case)):
        if value is not None:
            raise UsageError(
                f"`{option}` is the campaign's to say; {config.path} declares campaigns",
                hint=f"Name one with `campaign`: {', '.join(config.campaigns)}.",
            )
    name = wanted.campaign or only(config.campaigns, "campaign")
    section: CampaignSection = lookup(config.campaigns, name, "campaign", config.path)
    folder = campaign_folder(config, name)
    target = _in_layouts(config.target(section.target), folder)
    task = config.task(target.task)
    case, full = config.case_of(target, section.first_case), section.full_case
    if full == base_name(case.name):
        raise ConfigError(
            f"{config.path}: campaigns.{name}.full_case: {full} is the case itself, not a larger"
            " one",
            hint="Leave it out, or say which smaller one the `case` is.",
        )
    return Workload(
        config=config,
        target=target,
        task=task,
        case=case,
        further=tuple(config.case_of(target, name) for name in section.cases[1:]),
        full_case=config.case_of(target, full) if full is not None else None,
        folder=folder,
        campaign=name,
    )


def _unnamed(config: Config, wanted: Wanted) -> Workload:
    """What is named; else what the baseline that is there was made of; else the only target."""
    begun = _begun(config.root / OPTIM_FOLDER)
    folder = campaign_folder(config, "")
    named = wanted.target or begun.target or only(config.targets, "target")
    target = _in_layouts(config.target(named), folder)
    task = config.task(target.task)
    # A baseline that was made of a case is found again without naming it at every call.
    known = begun if wanted.case is None and begun.target == target.name else Wanted()
    case = config.case_of(target, wanted.case or known.case)
    others = [other.name for other in task.cases if other.name != base_name(case.name)]
    full = wanted.full_case or known.full_case or ("full" if "full" in others else None)
    if full == base_name(case.name):
        raise UsageError(f"{full} is the case itself, not a larger one")
    return Workload(
        config=config,
        target=target,
        task=task,
        case=case,
        full_case=config.case_of(target, full) if full is not None else None,
        folder=folder,
    )


def _in_layouts(target: Target, folder: Path) -> Target:
    """The target in as many layouts as its baseline is built in; several where there is none yet.

    Both sides of a verdict have as many, and a baseline of an older harness has one.
    """
    try:
        layouts = int(json.loads(read_text(folder / BASELINE_NAME))["recipe"]["layouts"])
    except (FileNotFoundError, NotADirectoryError):
        layouts = CAMPAIGN_LAYOUTS
    except (OSError, ValueError, TypeError, LookupError):
        layouts = 1
    return replace(target, layouts=layouts)


def only(names: Iterable[str], what: str) -> str:
    """The only name there is; UsageError where there is none or more than one."""
    known = list(names)
    if len(known) != 1:
        raise UsageError(
            f"which {what}? There are: {', '.join(known) or 'none'}",
            hint=f"Name it with `{what}`." if known else "See README.md.",
        )
    return known[0]


def campaign_folder(config: Config, name: str) -> Path:
    """`optim/` for a single campaign, else `optim/<name>/`.

    A campaign that was alone when it began keeps `optim/` when others join it.
    """
    folder = config.root / OPTIM_FOLDER
    if not name or len(config.campaigns) <= 1 or _begun(folder).campaign == name:
        return folder
    return folder / name


def tag_name(kind: str, config: Config, name: str) -> str:
    """`pre-optimization`, with `-<campaign>` for a campaign in a folder of its own.

    Not with a slash: git cannot keep a tag `x/y` beside a tag `x`.
    """
    alone = campaign_folder(config, name) == config.root / OPTIM_FOLDER
    return kind if alone else f"{kind}-{name}"


def _begun(folder: Path) -> Wanted:
    """What the baseline in a folder was made of; nothing where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
        found = json.loads(read_text(folder / BASELINE_NAME))
        cases = [record["case"]["name"] for record in found["cases"]]
        full_case = cases[1] if len(cases) > 1 else None
        return Wanted(found["campaign"], found["recipe"]["name"], cases[0], full_case)
    return Wanted()
