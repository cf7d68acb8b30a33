"""What each of several changes does to a time, told from runs that had some of them each."""

from __future__ import annotations

import numpy as np

from harness.stats.ratios import Floats

USUAL_EFFECT = 0.1
"""Effects are taken to be about as large, as log-ratios, before anything is known."""

_LEAST_SCALE = 0.01
_DEGREES = 4.0
_ROUNDS = 6


def main_effects(signs: Floats, log_ratios: Floats) -> Floats:
    """The effect of each change, as a log-ratio: k numbers from n pairs of runs.

    `signs` (n x k) says of each pair which change its second run has and its first one has not (1),
    the other way round (-1), or neither (0). Noise has the tails of Student's t with 4 degrees of
    freedom, fitted by reweighting (Lange, Little & Taylor, Journal of the American Statistical
    Association 84, 1989); effects are shrunk towards 0 as a normal prior of scale `USUAL_EFFECT`
    does (ridge regression; Hoerl & Kennard, Technometrics 12, 1970), so that fewer pairs than
    changes have an answer too. Effects of several changes add up: where they do not, each has its
    mean over what the others did.
    """
    changes = signs.shape[1]
    effects: Floats = np.zeros(changes)
    for _ in range(_ROUNDS if len(log_ratios) else 0):
        left = log_ratios - signs @ effects
        scale = max(1.5 * float(np.median(np.abs(left))), _LEAST_SCALE)
        weights = (_DEGREES + 1) / (_DEGREES + (left / scale) ** 2)
        weighed = signs * weights[:, None]
        within = signs.T @ weighed + np.eye(changes) * (scale / USUAL_EFFECT) ** 2
        effects[:] = np.linalg.solve(within, weighed.T @ log_ratios)
    return effects
