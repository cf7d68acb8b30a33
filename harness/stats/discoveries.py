"""Which of many questions are answered, with the error shared as a share of the answers."""

from __future__ import annotations

import math
from collections.abc import Mapping


def discoveries(
    won: Mapping[str, float], limit: float, questions: int, known: int = 0
) -> list[str]:
    """Those of the questions that are answered, the surest first: the e-BH procedure.

    `won` has the log of each one's e-value, `limit` that of the e-value that decides a question
    which is asked alone. `questions`: how many there are in all; `known`: how many of them are
    answered already and are not among those given. Of n questions k are answered whose e-values are
    all at least n / (k * level), for the greatest such k (Wang & Ramdas, Journal of the Royal
    Statistical Society B 84, 2022).
    """
    surest = sorted(won, key=lambda name: -won[name])
    for count in range(len(surest), 0, -1):
        if won[surest[count - 1]] >= limit + math.log(questions / (known + count)):
            return surest[:count]
    return []
