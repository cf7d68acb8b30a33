"""A compiled language whose adapter links a program in several layouts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.adapterkit.compiled import Compilation, CompiledLanguage
from harness.adapterkit.layouts import layouts_wanted, program_in, timed_in_layout
from harness.hookspecs import Runner, hookimpl
from harness.model import Build, Case, Target, Trial, TrialPlan


class LaidOutLanguage(CompiledLanguage):
    """A compiled language with an option `layouts`; `compile` links all that `layouts_of` wants.

    The options class has `layouts: int | None = field(default=None, repr=False)`.
    """

    def layouts_of(self, target: Target) -> int:
        """In how many layouts a target is linked, 1: as it is; ConfigError for no such number."""
        return layouts_wanted(target, self._options(target).layouts)

    def products(self, work: Compilation) -> Sequence[Path]:
        """See `CompiledLanguage.products`: the program in each of its layouts."""
        return [program_in(work.program, at) for at in range(self.layouts_of(work.target))]

    def further_words(self, target: Target) -> Sequence[str]:
        """See `CompiledLanguage.further_words`."""
        layouts = self.layouts_of(target)
        return [f"{layouts} layouts"] if layouts > 1 else []

    @hookimpl
    def harness_time(self, build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
        """Execute one trial, in the layout that its padding draws where there are several."""
        layouts = self.layouts_of(build.target)
        return timed_in_layout(self.command(build, case), layouts, plan, runner)
