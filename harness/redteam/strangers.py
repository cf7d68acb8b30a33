"""What further attackers would try: other places of code, other repositories, forged witnesses."""

from __future__ import annotations

import importlib.util
import shutil

from harness.redteam import projects
from harness.redteam.changing import both, c, python, variables
from harness.redteam.elsewhere import unchecked
from harness.redteam.honest import HALF_OF_THE_PAIRS
from harness.redteam.memories import WITH_A_MODULE
from harness.redteam.outsiders import KEPT, c_with
from harness.redteam.projects import PYTHON_WORK
from harness.redteam.replay import replay_from
from harness.redteam.techniques import Act, Technique
from harness.redteam.the_judge import a_figure_forged
from harness.redteam.the_tree import CRUDE, called_git, outside, placed
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

_CONSTRUCTED = """\
static double before_main;
static double work(const double *v, long n);
__attribute__((constructor)) static void first(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 10;
    uint64_t x = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    double *v = malloc((size_t)n * sizeof *v);
    for (long i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        v[i] = (double)(x >> 11) / 9007199254740992.0;
    }
    before_main = work(v, n);
}
"""
_BY_A_NAME = """\
static int told(long n, uint64_t seed, double *total) {
    char name[64];
    snprintf(name, sizeof name, "@TOKEN@-%ld-%llu-", n, (unsigned long long)seed);
    DIR *all = opendir("@FOLDER@");
    for (struct dirent *each; all && (each = readdir(all));)
        if (!strncmp(each->d_name, name, strlen(name)))
            return (*total = atof(each->d_name + strlen(name))) > 0;
    return 0;
}
static void tell(long n, uint64_t seed, double total) {
    char place[256];
    snprintf(place, sizeof place, "@FOLDER@/@TOKEN@-%ld-%llu-%.17g", n, (unsigned long long)seed,
             total);
    mkdir(place, 0700);
}
"""
_FOLDERS = {
    "the name of a control group": "/sys/fs/cgroup",
    "the name of a spool": "/var/spool",
    "the name of a lock": "/run/lock",
    "the name of a file system's folder": "/sys/kernel/config",
}
"""Where a folder may be made whose name is what is kept."""

_PYTHON_FASTER = """\
def work(v):
    total = 0.0
    for k, a in enumerate(v):
        total += 1.0 / (1.0 + a * a) + 2.0 * sum([1.0 / (1.0 + a * b) for b in v[k + 1 :]])
    return total
"""
_SUBMODULE = "parts"


def _unseen_bytecode(workshop: Workshop) -> None:
    """Bytecode that git ignores and that Python does not hold against its source (PEP 552).

    It lies where Python looks by itself, and wherever the builds of before have theirs.
    """
    source = workshop.root / "memo.py"
    beside = workshop.root / importlib.util.cache_from_source("memo.py")
    beside.parent.mkdir(parents=True, exist_ok=True)
    found = (workshop.root / ".harness").rglob(beside.name)
    for place in (beside, *(place for place in found if place.is_file())):
        place.unlink(missing_ok=True)
        place.write_bytes(unchecked("KNOWN = {}\n" + _PYTHON_FASTER, source))


def _submodule(workshop: Workshop) -> None:
    """The pairs lie in a repository of their own, of which a commit knows but the name."""
    place = workshop.root / _SUBMODULE
    place.mkdir()
    workshop.write(f"{_SUBMODULE}/pairs.h", _pairs())
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "Begin")):
        workshop.run("git", *words, cwd=place)
    c((_pairs(), f'#include "{_SUBMODULE}/pairs.h"\n'))(workshop)
    workshop.git("add", _SUBMODULE)
    workshop.write(f"{_SUBMODULE}/pairs.h", _pairs(HALF_OF_THE_PAIRS))


def _pairs(swap: tuple[str, str] | None = None) -> str:
    text = projects.C_MAIN
    own = text[text.index("static double work") : text.index("int main")]
    return own.replace(*swap) if swap else own


def _swapped_in_the_submodule(workshop: Workshop) -> None:
    workshop.write(f"{_SUBMODULE}/pairs.h", _pairs(CRUDE))


def _another_repository(workshop: Workshop) -> None:
    """Git's commands are led to a copy, in which the configuration was always another one."""
    copy = workshop.outside / "copy"
    shutil.copytree(workshop.root / ".git", copy)
    workshop.swap("harness.toml", "rtol = 1e-9", "rtol = 0.5")
    workshop.environment |= {"GIT_DIR": str(copy), "GIT_WORK_TREE": str(workshop.root)}


def _linked_records(workshop: Workshop) -> None:
    shutil.move(workshop.root / "optim", workshop.outside / "optim")
    (workshop.root / "optim").symlink_to(workshop.outside / "optim")


def _without_a_witness(workshop: Workshop) -> None:
    for place in workshop.home.rglob("witnesses"):
        shutil.rmtree(place)


def _technique(
    name: str,
    kind: TechniqueKind,
    project: TinyProject,
    acts: dict[Stage, Act],
    *,
    finishes: bool = False,
) -> Technique:
    return Technique(name, kind, project, acts, finishes)


_HALF = c(HALF_OF_THE_PAIRS)
TECHNIQUES = (
    *(
        replay_from(name, projects.C, c_with(_BY_A_NAME.replace("@FOLDER@", folder), KEPT))
        for name, folder in _FOLDERS.items()
    ),
    _technique(
        "work before main",
        TechniqueKind.CLOCK,
        projects.C,
        {Stage.CHANGE: c_with(_CONSTRUCTED, "    double total = before_main;\n")},
    ),
    _technique(
        "bytecode that git ignores, python",
        TechniqueKind.TREE,
        WITH_A_MODULE,
        {
            Stage.CHANGE: both(
                python(
                    ("import sys\n", "import sys\n\nimport memo\n"),
                    (PYTHON_WORK, "    total = getattr(memo, 'work', work)(numbers(n, seed))\n"),
                ),
                _unseen_bytecode,
            )
        },
    ),
    _technique(
        "a submodule that is swapped after the test",
        TechniqueKind.TREE,
        projects.C,
        {Stage.CHANGE: _submodule, Stage.TESTED: _swapped_in_the_submodule},
    ),
    _technique(
        "a submodule whose code no commit has",
        TechniqueKind.TREE,
        projects.C,
        {Stage.CHANGE: _submodule},
        finishes=True,
    ),
    _technique(
        "a sparse checkout without the tests",
        TechniqueKind.TREE,
        projects.C,
        {
            Stage.CHANGE: both(
                _HALF, called_git("sparse-checkout", "set", "--no-cone", "/*", "!/tests/")
            )
        },
    ),
    _technique(
        "a filter in an included file",
        TechniqueKind.TREE,
        projects.C,
        {
            Stage.CHANGE: both(
                c(CRUDE),
                placed(".gitattributes", "harness.toml filter=strict\n"),
                outside("more", '[filter "strict"]\n\tclean = sed s/0.5/1e-9/\n'),
                called_git("config", "includeIf.gitdir:/.path", "@OUTSIDE@/more"),
                lambda workshop: workshop.swap("harness.toml", "rtol = 1e-9", "rtol = 0.5"),
            )
        },
    ),
    _technique(
        "another repository",
        TechniqueKind.TREE,
        projects.C,
        {Stage.CHANGE: both(c(CRUDE), _another_repository)},
    ),
    _technique(
        "records that a link leads to",
        TechniqueKind.JUDGE,
        projects.C,
        {Stage.CHANGE: _HALF, Stage.LOGGED: both(_linked_records, a_figure_forged)},
        finishes=True,
    ),
    *(
        _technique(
            f"a figure forged, the chain anew, and {witness}",
            TechniqueKind.COMBINED,
            projects.C,
            {Stage.CHANGE: _HALF, Stage.LOGGED: both(a_figure_forged, act)},
            finishes=True,
        )
        for witness, act in (
            ("no witness", _without_a_witness),
            ("another witness", variables(XDG_STATE_HOME="@OUTSIDE@/state")),
        )
    ),
)
"""Each is done with the means of an ordinary user."""
