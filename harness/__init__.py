"""A multi-language benchmark harness for optimisation campaigns, as a Python API.

`import harness` costs next to nothing: what it names is loaded when it is first used.
`docs/api.md` describes every name; start reading the code at `harness.model` (the values), then
`harness.hookspecs` (the plugin contract).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from harness.analysis import Question
    from harness.api import (
        Interrupted,
        Project,
        adapters,
        bisect,
        ci,
        compare,
        compare_stored,
        doctor,
        history,
        load,
        profile,
        report,
        resume,
        run,
        save_variant,
        trends,
        try_variants,
    )
    from harness.api.exchange import import_results, read_stored, sql
    from harness.api.many_hosts import on_hosts
    from harness.api.on_clusters import attach, cancel
    from harness.api.sweeps import sweep
    from harness.bench.asking import BaselineResult, BenchResult, CheckResult
    from harness.errors import (
        AdapterError,
        AdapterNotFound,
        AnswerIsNo,
        BuildFailed,
        ConfigError,
        DataClosed,
        DataDamaged,
        DataUnreadable,
        Detached,
        ExitCode,
        GitFailed,
        HarnessError,
        MadeByNewer,
        NotAllowed,
        PluginFailed,
        StorageFailed,
        ToolchainMissing,
        TrialFailed,
        Undecided,
        UsageError,
    )
    from harness.model import (
        Comparison,
        Estimate,
        Host,
        Jail,
        Measurement,
        Metric,
        Mode,
        Phase,
        ProfileReport,
        Run,
        Sample,
        Trial,
        TrialRecord,
        TrialStatus,
        Verdict,
    )
    from harness.pages.made_pages import PageResult
    from harness.profiling.asking import ProfileResult
    from harness.running.bisect_results import BisectResult
    from harness.running.doctoring import DoctorReport
    from harness.running.gate_results import CiResult
    from harness.running.history import HistoryResult
    from harness.running.host_results import HostsResult
    from harness.running.installation import Installation
    from harness.running.listening import Remark, StepBegun, TimingBegun, TrialStored
    from harness.running.run_results import ComparisonResult, RunResult
    from harness.running.settings import Settings
    from harness.running.stored_verdicts import StoredVerdicts
    from harness.running.sweep_results import SweepResult
    from harness.running.table_results import TableResult
    from harness.running.trends import TrendsResult
    from harness.running.try_results import TryResult

_HOMES = {
    "harness.analysis": ("Question",),
    "harness.api": (
        *("Interrupted", "Project", "adapters", "bisect", "ci", "compare"),
        *("compare_stored", "doctor", "history", "load", "profile", "report", "resume", "run"),
        *("save_variant", "trends", "try_variants"),
    ),
    "harness.api.on_clusters": ("attach", "cancel"),
    "harness.api.exchange": ("import_results", "read_stored", "sql"),
    "harness.api.many_hosts": ("on_hosts",),
    "harness.api.sweeps": ("sweep",),
    "harness.bench.asking": ("BaselineResult", "BenchResult", "CheckResult"),
    "harness.errors": (
        *("AdapterError", "AdapterNotFound", "AnswerIsNo", "BuildFailed", "ConfigError"),
        *("DataClosed", "DataDamaged", "DataUnreadable", "Detached", "ExitCode"),
        *("GitFailed", "HarnessError", "MadeByNewer", "NotAllowed", "PluginFailed"),
        *("StorageFailed", "ToolchainMissing", "TrialFailed", "Undecided", "UsageError"),
    ),
    "harness.model": (
        *("Comparison", "Estimate", "Host", "Jail", "Measurement", "Metric", "Mode"),
        *(
            "Phase",
            "ProfileReport",
            "Run",
            "Sample",
            "Trial",
            "TrialRecord",
            "TrialStatus",
            "Verdict",
        ),
    ),
    "harness.pages.made_pages": ("PageResult",),
    "harness.profiling.asking": ("ProfileResult",),
    "harness.running.bisect_results": ("BisectResult",),
    "harness.running.doctoring": ("DoctorReport",),
    "harness.running.gate_results": ("CiResult",),
    "harness.running.history": ("HistoryResult",),
    "harness.running.installation": ("Installation",),
    "harness.running.listening": ("Remark", "StepBegun", "TimingBegun", "TrialStored"),
    "harness.running.run_results": ("ComparisonResult", "RunResult"),
    "harness.running.settings": ("Settings",),
    "harness.running.stored_verdicts": ("StoredVerdicts",),
    "harness.running.host_results": ("HostsResult",),
    "harness.running.sweep_results": ("SweepResult",),
    "harness.running.table_results": ("TableResult",),
    "harness.running.trends": ("TrendsResult",),
    "harness.running.try_results": ("TryResult",),
}
"""Where each name is defined; the imports above say the same to type checkers."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AdapterError",
    "AdapterNotFound",
    "AnswerIsNo",
    "BaselineResult",
    "BenchResult",
    "BisectResult",
    "BuildFailed",
    "CheckResult",
    "CiResult",
    "Comparison",
    "ComparisonResult",
    "ConfigError",
    "DataClosed",
    "DataDamaged",
    "DataUnreadable",
    "Detached",
    "DoctorReport",
    "Estimate",
    "ExitCode",
    "GitFailed",
    "HarnessError",
    "HistoryResult",
    "Host",
    "HostsResult",
    "Installation",
    "Interrupted",
    "Jail",
    "MadeByNewer",
    "Measurement",
    "Metric",
    "Mode",
    "NotAllowed",
    "PageResult",
    "Phase",
    "PluginFailed",
    "ProfileReport",
    "ProfileResult",
    "Project",
    "Question",
    "Remark",
    "Run",
    "RunResult",
    "Sample",
    "Settings",
    "StepBegun",
    "StorageFailed",
    "StoredVerdicts",
    "SweepResult",
    "TableResult",
    "TimingBegun",
    "ToolchainMissing",
    "TrendsResult",
    "Trial",
    "TrialFailed",
    "TrialRecord",
    "TrialStatus",
    "TrialStored",
    "TryResult",
    "Undecided",
    "UsageError",
    "Verdict",
    "adapters",
    "attach",
    "bisect",
    "cancel",
    "ci",
    "compare",
    "compare_stored",
    "doctor",
    "history",
    "import_results",
    "load",
    "on_hosts",
    "profile",
    "read_stored",
    "report",
    "resume",
    "run",
    "save_variant",
    "sql",
    "sweep",
    "trends",
    "try_variants",
]


def __getattr__(name: str) -> Any:
    """Load a name of the API when it is first used."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext harness` calls in a notebook."""
    from harness.frontends.notebook import register_magics

    register_magics(shell)
