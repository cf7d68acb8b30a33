"""What a gate compares with: the commit where the work parted from the branch it is meant for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.system.git.writing import Git

TARGET_BRANCHES = {
    "GITHUB_BASE_REF": "GitHub",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "GitLab",
    "BITBUCKET_PR_DESTINATION_BRANCH": "Bitbucket",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "Azure Pipelines",
    "CHANGE_TARGET": "Jenkins",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "Buildkite",
}
"""Variables in which CI names the branch that a pull request is to be merged into."""

DEFAULTS = ("main", "master")
REMOTE = "origin"


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that head is compared with."""

    commit: str
    name: str
    """As it was named: a branch, or a revision."""
    because: str
    """Why this one, in words."""

    @property
    def short(self) -> str:
        return self.commit[:12]


def find_base(git: Git, wanted: str | None, variables: Mapping[str, str]) -> Base:
    """The merge base of HEAD with a revision: the one wanted, else CI's, else the default branch.

    Where HEAD itself is that commit and nothing is changed, the commit before it. UsageError says
    what to do where there is none: in a shallow clone, the command that fetches the rest.
    """
    head = git.head()
    name, because = _named(git, wanted, variables)
    # A revision that a person names is what it is here; a branch of CI, what was fetched of it.
    ref = _found(git, (name, f"{REMOTE}/{name}") if wanted is not None else _places(name))
    if ref is None:
        raise _not_here(git, name, because)
    tip = git.resolve(ref)
    commit = git.common(head, tip)
    if not commit:
        if git.is_shallow():
            raise UsageError(
                f"the clone is shallow: where HEAD and {name} part lies behind its end",
                hint=_deepen(name),
            )
        raise UsageError(
            f"HEAD and {name} have no commit in common: there is no merge base",
            hint="Name a commit that lies behind HEAD, such as `base='HEAD^'`.",
        )
    if commit != head or not git.changes().clean:
        return Base(commit, name, because)
    return _before(git, head, name, wanted)


def _before(git: Git, head: str, name: str, wanted: str | None) -> Base:
    """The commit before HEAD, where HEAD is on the branch already; a thing is no gate of itself."""
    if wanted is not None:
        raise UsageError(
            f"HEAD is {name} or behind it: nothing is left to compare",
            hint="Name an earlier commit, such as `base='HEAD^'`.",
        )
    parents = git.parents(head)
    if not parents and git.is_shallow():
        raise UsageError(
            "the clone is shallow: the commit before HEAD is not in it", hint=_deepen(name)
        )
    if not parents:
        raise UsageError(
            "HEAD is the first commit: there is none to compare it with",
            hint="`harness run` measures it alone.",
        )
    return Base(parents[0], "HEAD^", f"HEAD is on {name} already: the commit before it")


def _named(git: Git, wanted: str | None, variables: Mapping[str, str]) -> tuple[str, str]:
    """The revision that is meant, and why it is that."""
    if wanted is not None:
        return wanted, "as was asked"
    for variable, service in TARGET_BRANCHES.items():
        branch = variables.get(variable, "").removeprefix("refs/heads/")
        if branch:
            return branch, f"the target branch, as {service} says ({variable})"
    told = git.attempt("symbolic-ref", "--quiet", "--short", f"refs/remotes/{REMOTE}/HEAD")
    if told.returncode == 0:
        name = told.stdout.decode().strip().removeprefix(f"{REMOTE}/")
        return name, "the default branch"
    for name in DEFAULTS:
        if _found(git, _places(name)) is not None:
            return name, "the default branch"
    raise UsageError(
        f"no default branch is known here: there is no {' and no '.join(_places(DEFAULTS[0]))}",
        hint=f"Name the base with `base`. Or fetch it: {_deepen(DEFAULTS[0])}"
        if git.attempt("remote", "get-url", REMOTE).returncode == 0
        else "Name the base with `base`.",
    )


def _places(name: str) -> tuple[str, str]:
    """Where a branch may be: as it was fetched, which is not behind, else as it is here."""
    return f"{REMOTE}/{name}", name


def _found(git: Git, places: Iterable[str]) -> str | None:
    for place in places:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{place}^{{commit}}")
        if git.attempt(*asked).returncode == 0:
            return place
    return None


def _not_here(git: Git, name: str, because: str) -> UsageError:
    shallow = "the clone is shallow, and " if git.is_shallow() else ""
    fetched = git.attempt("remote", "get-url", REMOTE).returncode == 0
    hint = _deepen(name, shallow=bool(shallow)) if fetched else "`git branch --all` lists them."
    what = f"{shallow}{name} is not in it" if shallow else f"there is no {name!r} here"
    return UsageError(f"{what} ({because})", hint=hint)


def _deepen(name: str, *, shallow: bool = True) -> str:
    """The one command that fetches a branch, and the history that a shallow clone lacks."""
    branch = name.removeprefix(f"{REMOTE}/")
    more = "--unshallow " if shallow else ""
    is_branch = not re.search(r"^HEAD|[~^@]|^[0-9a-f]{7,40}$", branch)
    spec = f" +refs/heads/{branch}:refs/remotes/{REMOTE}/{branch}" if is_branch else ""
    return f"git fetch {more}{REMOTE}{spec}"
