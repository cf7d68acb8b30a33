"""All campaigns whose records lie in a project, declared in harness.toml or not any more."""

from __future__ import annotations

from harness.campaign.state import State, fold
from harness.edge.config import Config
from harness.edge.journal import JOURNAL_NAME, read_events
from harness.workload import OPTIM_FOLDER


def all_states(config: Config) -> list[State]:
    """The state of every campaign with records below `optim/`, by name."""
    folder = config.root / OPTIM_FOLDER
    paths = [folder / JOURNAL_NAME, *sorted(folder.glob(f"*/{JOURNAL_NAME}"))]
    states = [fold(read_events(path)) for path in paths if path.is_file()]
    return sorted((s for s in states if s.events), key=lambda state: state.name)
