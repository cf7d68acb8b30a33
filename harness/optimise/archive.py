"""All campaigns whose records lie in a project, declared in harness.toml or not any more."""

from __future__ import annotations

from harness.campaign.folding import fold
from harness.campaign.state import State
from harness.errors import DataDamaged, ExitCode
from harness.frozen import dataclass
from harness.optimise.journal import JOURNAL_NAME, read_events
from harness.project.config import Config
from harness.project.workload import OPTIM_FOLDER


@dataclass(frozen=True, slots=True)
class Archive:
    """The states of all campaigns with records below `optim/`, by name, and what is damaged."""

    states: tuple[State, ...]
    damaged: tuple[str, ...] = ()
    """What cannot be read, in words; the others are whole."""

    @property
    def exit_code(self) -> ExitCode:
        """What a search through all of them answers its shell."""
        return ExitCode.DAMAGED if self.damaged else ExitCode.FINE


def all_states(config: Config) -> Archive:
    """Read every campaign's journal; one that is damaged is named and stops nothing."""
    folder = config.root / OPTIM_FOLDER
    states: list[State] = []
    damaged: list[str] = []
    for path in (folder / JOURNAL_NAME, *sorted(folder.glob(f"*/{JOURNAL_NAME}"))):
        try:
            progress = fold(read_events(path))
        except DataDamaged as problem:
            damaged.append(problem.message)
        else:
            states += [progress] if isinstance(progress, State) else []
    found = sorted(states, key=lambda state: state.name)
    return Archive(tuple(found), tuple(damaged))
