"""What a long form says while it runs, and when it is told to stop."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

EVERY_S = 60.0


class Tally:
    """Says how far the work is, once a minute; Ctrl-C and SIGTERM end it after what is at hand.

    Within the work's own children the signals mean what they always do, once `let_go` was called
    there. The second signal ends the work at once.
    """

    def __init__(self, words: Callable[[], str]) -> None:
        self._words = words
        self._began = self._said = time.monotonic()
        self._before: dict[int, Any] = {}
        self.stopped = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        let_go()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.say()

    def look(self) -> bool:
        """Between two attempts: say the tally where it is due. Is there to be another attempt?"""
        if time.monotonic() - self._said >= EVERY_S:
            self.say()
        return not self.stopped

    def say(self) -> None:
        self._said = time.monotonic()
        print(f"{self._said - self._began:.0f} s: {self._words()}", file=sys.stderr, flush=True)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self.stopped:
            let_go()
            raise KeyboardInterrupt
        self.stopped = True
        name = signal.Signals(number).name
        print(f"{name}: ending after this attempt; once more ends at once", file=sys.stderr)


def let_go() -> None:
    """Give both signals their usual meaning, as a child needs it that is to be killed by them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
