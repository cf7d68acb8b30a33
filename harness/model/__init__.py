"""The values that the harness speaks in: frozen, slotted, without I/O.

What plugins need of these modules is imported from `harness.model`:

- `tasks`    what is asked:  Case, Task, Target
- `outputs`  what is right:  OutputSpec, Tolerance
- `trials`   what happened:  Toolchain, Build, Command, TrialPlan, Output, Sample, Phase, Trial
- `jails`    what a trial may see: Jail, JailTerms
- `metrics`  what a figure is: Metric, MetricInfo, Better
- `results`  what it means:  Estimate, Agreement, Measurement, Comparison, Verdict, Host, Run
- `benches`  what a bench finds: PhaseRow, SideFigures, CaseBench, Scale, BenchReport
- `profiles` where time goes: Frame, HotSpot, Profile, ProfileReport
- `floors`   what is left of it: EmptyProgram, Floor, FloorPart
- `proposals` what to try next: Brief, Proposal, Reflection
- `noise`    what is known of the noise: Noise
- `options`  what adapters share: typed options (`read_options`) and digests (`digest_of`)
- `paths`    which options name files: NamedPath, PathKind (`path_option`, `declared_paths`)

The others are imported by their own names:

- `declaring`     options of a run, declared once
- `draws`         what blocks draw the parameters of a case from
- `durations`     durations as people write them: `20s`
- `environment`   the variables that the harness sets for the programs that it starts
- `estimates`     statistics with their intervals
- `figures`       the figures of a trial by name
- `failure_lines` the lines of a failed program's output that say why
- `forms`         thoughts, plans and reflections as TOML or JSON
- `guards`        figures that must not get worse by more than is said
- `jsonable`      values as what JSON can say
- `relations`     what a right program does when its input is changed
- `shards`        the part of a run that an executor may carry elsewhere
- `suggesting`    the known name that a misspelt one may have meant

Times are integers in nanoseconds (`_ns`), memory is in bytes (`_bytes`); shares and ratios are
plain numbers. A value that breaks its own invariant raises ValueError when it is made.
"""

from typing import TYPE_CHECKING

from harness.model.estimates import Estimate
from harness.model.jails import Jail, JailTerms
from harness.model.metrics import Better, Metric, MetricInfo
from harness.model.noise import Noise
from harness.model.options import digest_of, read_options
from harness.model.outputs import FileFormat, OutputKind, OutputSource, OutputSpec, Tolerance
from harness.model.paths import NamedPath, PathKind, declared_paths, moved_into, path_option
from harness.model.results import (
    Agreement,
    Commit,
    Comparison,
    Host,
    Measurement,
    MetricEstimate,
    Mismatch,
    Overall,
    PhaseEstimate,
    Ranking,
    Run,
    TraceShape,
    Verdict,
    signs_disagree,
)
from harness.model.tasks import (
    Case,
    ParamValue,
    Target,
    Task,
    WorkingFolder,
    base_name,
)
from harness.model.trials import (
    Build,
    BuildFacts,
    Command,
    Completed,
    Mode,
    Output,
    OutputValue,
    Phase,
    RankReport,
    Sample,
    SteadyPlan,
    Toolchain,
    Trial,
    TrialPlan,
    TrialRecord,
    TrialStatus,
)
from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.model.benches import BenchReport, CaseBench, Gain, PhaseRow, Scale, SideFigures
    from harness.model.floors import EmptyProgram, Floor, FloorPart
    from harness.model.profiles import (
        PROGRAMS,
        Frame,
        HotSpot,
        Profile,
        ProfileBy,
        ProfileFailure,
        ProfilePlan,
        ProfileReport,
        Stack,
    )
    from harness.model.proposals import Brief, Proposal, Reflection
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "benches": "BenchReport CaseBench Gain PhaseRow Scale SideFigures",
            "floors": "EmptyProgram Floor FloorPart",
            "profiles": "PROGRAMS Frame HotSpot Profile ProfileBy ProfileFailure ProfilePlan"
            " ProfileReport Stack",
            "proposals": "Brief Proposal Reflection",
        },
    )

__all__ = [
    "PROGRAMS",
    "Agreement",
    "BenchReport",
    "Better",
    "Brief",
    "Build",
    "BuildFacts",
    "Case",
    "CaseBench",
    "Command",
    "Commit",
    "Comparison",
    "Completed",
    "EmptyProgram",
    "Estimate",
    "FileFormat",
    "Floor",
    "FloorPart",
    "Frame",
    "Gain",
    "Host",
    "HotSpot",
    "Jail",
    "JailTerms",
    "Measurement",
    "Metric",
    "MetricEstimate",
    "MetricInfo",
    "Mismatch",
    "Mode",
    "NamedPath",
    "Noise",
    "Output",
    "OutputKind",
    "OutputSource",
    "OutputSpec",
    "OutputValue",
    "Overall",
    "ParamValue",
    "PathKind",
    "Phase",
    "PhaseEstimate",
    "PhaseRow",
    "Profile",
    "ProfileBy",
    "ProfileFailure",
    "ProfilePlan",
    "ProfileReport",
    "Proposal",
    "RankReport",
    "Ranking",
    "Reflection",
    "Run",
    "Sample",
    "Scale",
    "SideFigures",
    "Stack",
    "SteadyPlan",
    "Target",
    "Task",
    "Tolerance",
    "Toolchain",
    "TraceShape",
    "Trial",
    "TrialPlan",
    "TrialRecord",
    "TrialStatus",
    "Verdict",
    "WorkingFolder",
    "base_name",
    "declared_paths",
    "digest_of",
    "moved_into",
    "path_option",
    "read_options",
    "signs_disagree",
]
