"""A campaign as a list of events, made step by step without git, clock or machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.campaign.agreed import CampaignGit
from harness.campaign.events import Event, Kind, builtins, next_event
from harness.campaign.folding import fold
from harness.campaign.iteration import Outcome
from harness.campaign.port import SealedBaseline
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.state import State
from harness.campaign.stopping import decision_by_rules
from harness.campaign.values import (
    BenchOutcome,
    CaseResult,
    Guards,
    Ratio,
    Terms,
    TestOutcome,
    TestStatus,
)
from harness.model import Verdict
from harness.model.proposals import Option, Plan, Prediction, Reflection, Thought

MINUTE = 60_000_000_000
BASE = "b" * 40


def ratio(point: float, half: float = 0.01, verdict: Verdict | None = None) -> Ratio:
    """A speed-up with an interval of `half` on either side."""
    low, high = point - half, point + half
    found = Verdict.FASTER if low > 1.01 else Verdict.SLOWER if high < 0.99 else Verdict.EQUIVALENT
    return Ratio(point, low, high, 0.9995, verdict or found)


def result(point: float, cumulative: float | None = None, **more: Any) -> CaseResult:
    """A right candidate on the fast case; the baseline took 100 ms."""
    total = cumulative if cumulative is not None else point
    half = more.pop("half", 0.01)
    values: dict[str, Any] = {
        "case": "fast",
        "correct": True,
        "step": ratio(point, half, more.pop("verdict", None)),
        "cumulative": ratio(total, 0.01, more.pop("total_verdict", None)),
        "baseline_ns": 1e8,
        "current_ns": 1e8 / total,
        "blocks": 12,
    }
    return CaseResult(**{**values, **more})


def thought(
    low: float = 1.5, high: float = 2.5, bottleneck: str = "forces", **more: str
) -> Thought:
    return Thought(
        hypothesis="the inner loop divides",
        options=(Option("multiply", "cheap", "rounding"), Option("threads", "fast", "CPU time")),
        chosen="multiply: the smallest change",
        prediction=Prediction(bottleneck, low, high),
        reasoning="a division costs 4 products",
        risk="rounding changes the output",
        **more,
    )


PROFILE = ProfileOutcome(
    "fast",
    (ProfileRow("forces", 0.8), ProfileRow("read", 0.15), ProfileRow("setup", 0.03)),
    cpu_share=0.99,
    wall_ns=1e8,
)


@dataclass
class Story:
    """Tells events; one minute passes with each."""

    terms: Terms = field(default_factory=lambda: Terms("work", "fast"))
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tell(
            Kind.STARTED,
            name="work",
            terms=self.terms,
            git=CampaignGit("main", BASE, "optimization", "pre-optimization", "post-optimization"),
            baseline=SealedBaseline(BASE, "5" * 64, 1e8, (("forces", 8e7), ("read", 1.5e7))),
            commit=BASE,
            tree="tree-0",
            untracked=(),
        )

    @property
    def state(self) -> State:
        state = fold(self.events)
        assert isinstance(state, State)
        return state

    def tell(self, kind: Kind, **data: object) -> State:
        content = {key: builtins(value) for key, value in data.items()}
        at_ns = (len(self.events) + 1) * MINUTE
        self.events.append(next_event(self.events, kind, content, at_ns))
        return self.state

    def profiled(self, outcome: ProfileOutcome = PROFILE) -> State:
        return self.tell(Kind.PROFILED, tree=self.state.kept_tree, outcome=outcome)

    def planned(self, idea: Thought | None = None, title: str = "multiply instead") -> State:
        self.tell(Kind.THOUGHT, thought=idea or thought(), tree=self.state.kept_tree)
        return self.tell(Kind.PLANNED, plan=Plan(title, "replace the division by a product"))

    def tested(self, status: TestStatus = TestStatus.PASSED, summary: str = "") -> State:
        tree = f"tree-{len(self.events)}"
        return self.tell(Kind.TESTED, tree=tree, outcome=TestOutcome(status, "fast", summary))

    def benched(self, fast: CaseResult | BenchOutcome, full: CaseResult | None = None) -> State:
        self.tell(Kind.BENCHING, request={})
        tree = self.state.iterations[-1].tested_tree
        outcome = BenchOutcome(fast, full) if isinstance(fast, CaseResult) else fast
        return self.tell(Kind.BENCHED, tree=tree, request={}, outcome=outcome)

    def closed(self, note: Reflection | None = None) -> State:
        """Log, then commit or revert as the outcome wants, then decide."""
        default = Reflection("the compiler knew", "try vectors", "it was known", "read it first")
        self.tell(Kind.LOGGED, note=note or default)
        number = len(self.state.iterations)
        if self.state.iterations[-1].outcome is Outcome.KEPT:
            commit = f"{number}" * 40
            self.tell(Kind.COMMITTING, iteration=number)
            tree = self.state.iterations[-1].tested_tree
            self.tell(Kind.COMMITTED, commit=commit, tree=tree)
        else:
            self.tell(Kind.REVERTING, iteration=number)
            self.tell(Kind.REVERTED, attempt="a" * 40)
        return self.state

    def decided(self, exhausted: str = "") -> State:
        decision = decision_by_rules(self.state, (len(self.events) + 1) * MINUTE, exhausted)
        return self.tell(Kind.DECIDED, decision=decision, exhausted=exhausted)

    def iterated(
        self, fast: CaseResult | BenchOutcome, idea: Thought | None = None, **more: Any
    ) -> State:
        """One whole measured iteration, decided; profiled first where that is due."""
        if self.state.profiled_tree != self.state.kept_tree:
            self.profiled()
        self.planned(idea, more.pop("title", "multiply instead"))
        self.tested()
        self.benched(fast, more.pop("full", None))
        self.closed(more.pop("note", None))
        return self.decided()

    def failed(self, idea: Thought | None = None) -> State:
        """One iteration with a wrong output, decided."""
        if self.state.profiled_tree != self.state.kept_tree:
            self.profiled()
        self.planned(idea)
        self.tested(TestStatus.WRONG, "energy: expected 1, got 2")
        self.closed()
        return self.decided()


@pytest.fixture
def story() -> Story:
    """A campaign that has just started."""
    return Story()


@pytest.fixture
def tell() -> type[Story]:
    """The class, for stories with other terms."""
    return Story


@pytest.fixture
def make_result() -> Any:
    return result


@pytest.fixture
def make_thought() -> Any:
    return thought


@pytest.fixture
def guards() -> type[Guards]:
    return Guards
