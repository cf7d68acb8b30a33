"""A baseline on disk: sealed, and verified whenever it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.baseline.agreeing import Expected
from harness.baseline.document import BaselineDocument, CaseRecord, decode
from harness.errors import DataDamaged, NotAllowed
from harness.frozen import dataclass
from harness.model import Case, Output, OutputValue
from harness.model.jsonable import jsonable
from harness.project.workload import BASELINE_NAME, RESULTS_NAME, Workload
from harness.system.git.writing import Git, Tag
from harness.system.outputs.stored import load_outputs
from harness.system.store.files import read_kept
from harness.system.store.seal import SEAL_NAME, verify_seal

OUTPUTS_NAME = f"{RESULTS_NAME}/outputs.parquet"
TRIALS_NAME = f"{RESULTS_NAME}/trials.parquet"
FILES_NAME = f"{RESULTS_NAME}/files"

_SEAL_LINE = "seal: "
_SEAL = re.compile(rf"^{_SEAL_LINE}([0-9a-f]{{64}})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A sealed reference whose seal was verified when it was loaded."""

    folder: Path
    document: BaselineDocument
    root: str
    """The digest of its seal."""
    warnings: tuple[str, ...] = ()
    """What could not be verified."""
    runs: int = 0
    """How often the program was run for it, where it was made just now."""

    @property
    def commit(self) -> str:
        return self.document.commit

    @property
    def trials(self) -> Path:
        """The stored trials, for the record."""
        return self.folder / TRIALS_NAME

    def record(self, case: Case) -> CaseRecord:
        """What is stored of a case; NotAllowed where the baseline was made without it."""
        found = self.document.record(case)
        if found is None:
            raise NotAllowed(
                f"the baseline in {self.folder} has no case {case.name!r}",
                hint="A baseline is never modified; a new campaign makes one with this case.",
            )
        return found

    def expected(self, case: Case) -> Expected:
        """The stored outputs of a case; DataDamaged where they cannot be read."""
        record = self.record(case)
        by_seed: dict[int | None, dict[str, OutputValue]] = {}
        for stored in load_outputs(self.folder / OUTPUTS_NAME, case.name):
            by_seed.setdefault(stored.seed, {})[stored.output] = stored.value
        try:
            main = self._output(record, by_seed[case.seed])
            further = {seed: self._output(record, by_seed[seed]) for seed in record.seeds}
        except KeyError as missing:
            raise DataDamaged(
                f"{self.folder / OUTPUTS_NAME}: has no outputs of {case.name} with seed {missing}"
            ) from None
        return Expected(main, further)

    def _output(self, record: CaseRecord, values: Mapping[str, OutputValue]) -> Output:
        folder = self.folder / FILES_NAME / record.case.name
        stdout = folder / "stdout.txt"
        return Output(folder, stdout, stdout, record.output_digest, values)


def load_baseline(workload: Workload, git: Git) -> Baseline:
    """The workload's baseline, its seal verified against the tag.

    Raises NotAllowed where there is none, or where it is of another workload than the one that is
    configured now; DataDamaged naming each file that is not what was sealed. Where the tag is not
    in this clone nothing vouches for the manifest: that is a warning.
    """
    folder = workload.folder
    tag = git.tag(workload.tag)
    root = seal_in(tag)
    if not (folder / SEAL_NAME).exists() and root is None:
        raise NotAllowed(
            f"there is no baseline in {folder}", hint="`harness baseline` makes one, once."
        )
    seal = verify_seal(folder, root)
    path = folder / BASELINE_NAME
    document = decode(read_kept(path), str(path))
    if tag is not None and tag.commit != document.commit:
        raise DataDamaged(
            f"tag {tag.name} was moved: it leads to {tag.commit[:12]}, the baseline is"
            f" {document.commit[:12]}",
            hint=f"git tag -d {tag.name}, and fetch it anew from where it is whole.",
        )
    _check_workload(workload, document)
    return Baseline(folder, document, seal.root, _doubts(workload, tag, root))


def _doubts(workload: Workload, tag: Tag | None, root: str | None) -> tuple[str, ...]:
    if tag is None:
        return (
            f"the tag {workload.tag} is not here, so the files were checked against"
            " the manifest, and the manifest against nothing (`git fetch --tags` gets it)",
        )
    if root is None:
        return (
            f"the tag {workload.tag} carries no seal, so the files were checked against the"
            " manifest, and the manifest against nothing",
        )
    return ()


def _check_workload(workload: Workload, document: BaselineDocument) -> None:
    """Same target, same parameters, same idea of right; NotAllowed naming what is not."""
    changes = []
    if document.recipe.name != workload.target.name:
        changes.append(f"target: {document.recipe.name}, now {workload.target.name}")
    if document.task != workload.task.name:
        changes.append(f"task: {document.task}, now {workload.task.name}")
    outputs = ({s.name: s for s in side} for side in (document.outputs, workload.task.outputs))
    changes += _differences("outputs", *outputs)
    relations = (
        {r.name: r for r in side} for side in (document.relations, workload.task.relations)
    )
    changes += _differences("relations", *relations)
    changes += _differences("jail", document.recipe.jail, workload.target.jail)
    for case in workload.cases:
        record = document.record(case)
        if record is not None:
            changes += _differences(f"case {case.name}", record.case, case)
    if changes:
        raise NotAllowed(
            "the workload is not the one that the baseline was made of:\n  "
            + "\n  ".join(changes[:5]),
            hint="Undo the change in harness.toml; another workload is another campaign, with a"
            " baseline of its own.",
        )


def _differences(where: str, old: object, new: object) -> list[str]:
    """What differs between two values, each place in words."""
    return list(_walk(where, jsonable(old), jsonable(new)))


def _walk(where: str, old: object, new: object) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = {**old, **new}
        return [d for k in keys for d in _walk(f"{where}.{k}", old.get(k), new.get(k))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        both = enumerate(zip(old, new, strict=True))
        return [d for i, (o, n) in both for d in _walk(f"{where}[{i}]", o, n)]
    return [] if old == new else [f"{where}: was {old!r}, now {new!r}"]


def seal_in(tag: Tag | None) -> str | None:
    """The digest of the seal that a tag's message carries, or None."""
    match = _SEAL.search(tag.message) if tag else None
    return match[1] if match else None


def _seal_message(baseline: Baseline, campaign: str) -> str:
    """What the tag of a baseline says."""
    of = campaign or baseline.document.recipe.name
    return f"Baseline of {of}\n\n{_SEAL_LINE}{baseline.root}\n"


def tag_baseline(workload: Workload, git: Git, baseline: Baseline) -> str:
    """Write the seal's root into the annotated tag of the workload; returns the tag's name."""
    git.create_tag(workload.tag, baseline.commit, _seal_message(baseline, workload.campaign))
    return workload.tag
