"""What `harness next` says is accepted, changes something, and never comes twice for one state.

Between two pieces of advice a random hand does to the repository what hands do: `game.py`. The
suite plays short games from fixed seeds, one with the real git and others with one in memory;
`make fuzz` plays long ones from new seeds (`FUZZ_COMMANDS=1000000`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.optimise import conftest
from tests.optimise.game import Game, Hand, RealWorld, Unsteady, fake_world

COMMANDS = int(os.environ.get("HARNESS_FUZZ_COMMANDS", "200"))
SEEDS = tuple(map(int, os.environ.get("HARNESS_FUZZ_SEEDS", "1,2").split(",")))
REAL_COMMANDS = max(12, COMMANDS // 1000)


@pytest.fixture
def memory(monkeypatch):
    """A folder in memory where there is one: a game writes many small files."""
    shared = Path("/dev/shm")
    place = tempfile.mkdtemp(dir=shared if os.access(shared, os.W_OK) else None)
    yield Path(place)
    shutil.rmtree(place)


@pytest.mark.parametrize("seed", SEEDS)
def test_next_is_accepted_changes_the_state_and_never_repeats(memory, monkeypatch, seed):
    world = fake_world(memory / "repo", conftest.write_program, monkeypatch)
    game = Game(Hand(world, seed))
    for _ in range(COMMANDS):
        game.turn()
    met = {"START", "PROFILE", "THINK", "IMPLEMENT", "BENCHMARK", "LOG", "COMMIT", "DECIDE"}
    assert met <= game.met.keys()
    if "HARNESS_FUZZ_COMMANDS" in os.environ:
        print(f"seed {seed}: {COMMANDS} commands, {game.ends} ends: {game.met}")


def test_the_same_with_the_real_git(world):
    game = Game(Hand(RealWorld(world.root, Unsteady(world.root)), 4), meddling=0.4)
    for _ in range(REAL_COMMANDS):
        game.turn()
    assert len(game.met) >= 3


def test_the_game_ends_where_nobody_meddles(memory, monkeypatch):
    """The game reaches its end, so that the property is not held of a few states alone."""
    world = fake_world(memory / "repo", conftest.write_program, monkeypatch)
    game = Game(Hand(world, 3), meddling=0)
    for _ in range(200):
        game.turn()
        if game.ends:
            break
    assert game.ends == 1
