"""`harness.toml`: found, decoded with types, and turned into tasks, targets and campaigns."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import ConfigError
from harness.model import Case, Target, Task, base_name
from harness.model.durations import parse_duration_ns
from harness.model.suggesting import did_you_mean
from harness.project.config_cases import Refuse, case_of, generating
from harness.project.config_file import (
    CONFIG_NAME,
    CampaignSection,
    ConfigFile,
    Section,
    TargetSection,
    TaskSection,
    jail_terms,
    output_spec,
    schema_json,
)
from harness.project.config_metrics import declared_work, figures_of_task
from harness.project.config_relations import relations_of
from harness.project.config_tables import commands_of, with_targets
from harness.project.config_text import check_place, is_there, read_toml
from harness.project.flags_file import joined_flags

__all__ = [
    "CONFIG_NAME",
    "CampaignSection",
    "Config",
    "find_config",
    "load_config",
    "lookup",
    "schema_json",
]

_ALIKE = 0.5
"""How like a known name a word must be to be taken for it; see `did_you_mean`."""

_Value = TypeVar("_Value")
_Table = TypeVar("_Table", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration ready for use; every path in it is absolute."""

    root: Path
    path: Path | None = None
    """The file it came from; None for a run without configuration."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    campaigns: Mapping[str, CampaignSection] = field(default_factory=dict)
    flags_files: Mapping[str, str] = field(default_factory=dict)
    """Target: its file of flags, relative to the root."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Target: which of its files is not there, in words. Only who asks for that target is told."""
    own_cases: Mapping[str, Mapping[str, Case]] = field(default_factory=dict)
    """Target: the cases, by the task's name for them, that it is given other parameters of."""
    metrics: tuple[str, ...] = ()
    """Metric plugins that take part in every run."""
    executors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def target(self, name: str) -> Target:
        """The target of that name, ready for use.

        ConfigError, with the near name, where there is none; and where one of its files is missing.
        """
        target = lookup(self.targets, name, "target", self.path)
        if name in self.missing:
            raise ConfigError(self.missing[name], hint=f"Paths are relative to {self.root}.")
        return target

    def task(self, name: str) -> Task:
        """The task of that name; ConfigError, with the near name, where there is none."""
        return lookup(self.tasks, name, "task", self.path)

    def case(self, task: Task, name: str | None) -> Case:
        """A task's case by name, or its default one."""
        if name is None:
            return task.case()
        return lookup({c.name: c for c in task.cases}, name, f"case of task {task.name}", self.path)

    def case_of(self, target: Target, name: str | None) -> Case:
        """The case as this target is given it: with the parameters of its own, if it has any.

        Such a case has a name of its own, which says the parameters: it is another measurement.
        """
        task = self.task(target.task)
        known = {case.name for case in task.cases}
        case = self.case(task, base_name(name) if name and name not in known else name)
        return self.own_cases.get(target.name, {}).get(case.name, case)


def lookup(table: Mapping[str, _Value], name: str, what: str, path: Path | None = None) -> _Value:
    """`table[name]`; ConfigError that lists what there is, and suggests the near one."""
    if name in table:
        return table[name]
    where = f"{path}: " if path else ""
    known = ", ".join(table) or "none"
    raise ConfigError(
        f"{where}no {what} named {name!r}; there are: {known}",
        hint=did_you_mean(name, table, _ALIKE),
    )


def find_config(start: Path) -> Path | None:
    """The nearest `harness.toml` in `start` or a folder above it."""
    for folder in (start, *start.parents):
        candidate = folder / CONFIG_NAME
        if candidate.is_file():
            return candidate
    return None


def load_config(path: Path) -> Config:
    """Read and check a configuration; ConfigError names file, key, value and remedy."""
    place = path.absolute()
    check_place(place)
    return _Reader(place).read(read_toml(path))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the decoded TOML of one file into a Config; knows the file for its messages."""

    path: Path

    def read(self, data: dict[str, Any]) -> Config:
        data = with_targets(data, self._error)
        file = self._section(data, ConfigFile, "")
        tasks = {name: self._task(name, section) for name, section in file.tasks.items()}
        raw_targets, terms = data.get("targets", {}), jail_terms(file.jail)
        targets = {
            name: replace(self._target(name, section, raw_targets[name], tasks), jail=terms)
            for name, section in file.targets.items()
        }
        targets = {
            name: generating(target, tasks[target.task], file.tasks[target.task], self._error)
            for name, target in targets.items()
        }
        for task in tasks.values():
            self._check_reference(task, targets)
        for name, campaign in file.campaigns.items():
            self._check_campaign(name, campaign, tasks, targets)
        flags = {n: s.flags_file for n, s in file.targets.items() if s.flags_file is not None}
        missing = {n: why for n, target in targets.items() if (why := self._missing_file(target))}
        own = {n: self._own_cases(n, s, tasks[s.task]) for n, s in file.targets.items() if s.cases}
        more = (flags, missing, own, tuple(file.metrics), file.executors)
        return Config(self.path.parent, self.path, tasks, targets, file.campaigns, *more)

    def _section(self, data: object, kind: type[_Table], where: str) -> _Table:
        """Decode one table, tables within it first, so that every message has its full key."""
        if not isinstance(data, dict):
            raise self._error(where, f"want a table, got {data!r}")
        fields = {f.encode_name: f for f in msgspec.structs.fields(kind)}
        if issubclass(kind, Section):
            self._check_unknown(data, fields, where)
        else:
            self._check_misspelt(data, fields, where)
        values: dict[str, Any] = {}
        for key, info in fields.items():
            at = f"{where}.{key}" if where else key
            if key in data:
                values[info.name] = self._value(data[key], info.type, at)
            elif info.required:
                raise self._error(where, f"the key {key!r} is missing")
        try:
            return kind(**values)
        except ValueError as problem:
            raise self._error(where, str(problem)) from None

    def _value(self, value: object, kind: Any, at: str) -> Any:
        arguments = typing.get_args(kind)
        if _is_struct(kind):
            return self._section(value, kind, at)
        if typing.get_origin(kind) is dict and _is_struct(arguments[1]):
            if not isinstance(value, dict):
                raise self._error(at, f"want a table of tables, got {value!r}")
            return {k: self._section(v, arguments[1], f"{at}.{k}") for k, v in value.items()}
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as problem:
            raise self._error(at, _explain(value, kind, str(problem))) from None

    def _check_unknown(self, data: dict[str, Any], fields: Iterable[str], where: str) -> None:
        for key in data:
            if key not in fields:
                known = ", ".join(fields)
                why = f"unknown key {key!r} (known: {known})"
                raise self._error(where, why, did_you_mean(key, fields, _ALIKE))

    def _check_misspelt(self, data: dict[str, Any], fields: Iterable[str], where: str) -> None:
        """Keys that are not ours go to the adapter, unless they are one letter from ours."""
        for key in data:
            # Adapters have keys of their own: only what is nearly one of ours is taken for a slip.
            meant = did_you_mean(key, fields, cutoff=0.85)
            if key not in fields and meant:
                raise self._error(where, f"unknown key {key!r}", meant)

    def _task(self, name: str, section: TaskSection) -> Task:
        at = f"tasks.{name}.cases"
        cases = [
            case_of(case, values, self.path.parent, self._refusal(f"{at}.{case}"))
            for case, values in section.cases.items()
        ]
        here = f"{self.path}: tasks.{name}"
        outputs = tuple(
            output_spec(key, value, f"{here}.outputs.{key}")
            for key, value in section.outputs.items()
        )
        known = tuple(cases) or (Case("default"),)
        work = declared_work(section, known, self._refusal(f"tasks.{name}"))
        own = figures_of_task(section, work, f"{here}.metrics")
        task = Task(name, known, outputs, section.reference, *own, work)
        relations = relations_of(section.relations, task, self._refusal(f"tasks.{name}"))
        return replace(task, relations=relations)

    def _refusal(self, where: str) -> Refuse:
        """Makes the error for a key of that table."""
        return lambda key, why: self._error(f"{where}.{key}", why)

    def _target(
        self, name: str, section: TargetSection, raw: dict[str, Any], tasks: Mapping[str, Task]
    ) -> Target:
        where = f"targets.{name}"
        if section.task not in tasks:
            known = f"there are: {', '.join(tasks) or 'none'}"
            why = f"no task named {section.task!r}; {known}"
            raise self._error(f"{where}.task", why, did_you_mean(section.task, tasks, _ALIKE))
        ours = {f.encode_name for f in msgspec.structs.fields(TargetSection)}
        root, at = self.path.parent, f"{self.path}: {where}"
        target = Target(
            name=name,
            task=section.task,
            adapter=section.adapter,
            root=root,
            sources=tuple(root / source for source in section.sources),
            entry=section.entry,
            args=tuple(section.args),
            launch=tuple(section.launch),
            env=section.env,
            options=self._options(section, {k: v for k, v in raw.items() if k not in ours}, where),
            inputs=tuple(root / path for path in section.inputs),
            build_inputs=tuple(root / path for path in section.build_inputs),
            stdin=root / section.stdin if section.stdin else None,
            setup=tuple(tuple(command) for command in section.setup),
            build=commands_of(section.build, "build", self._refusal(where)),
            cleanup=tuple(tuple(command) for command in section.cleanup),
            prepare=tuple(tuple(command) for command in section.prepare),
            conclude=tuple(tuple(command) for command in section.conclude),
            setup_timeout_ns=parse_duration_ns(section.setup_timeout, f"{at}.setup_timeout"),
            timeout_ns=parse_duration_ns(section.timeout, f"{at}.timeout"),
            max_output_bytes=section.max_output_bytes,
            working_folder=section.working_folder,
            tags=tuple(section.tags),
            metrics=tasks[section.task].metrics,
        )
        self._check_target(target, tasks[section.task])
        return target

    def _own_cases(self, name: str, section: TargetSection, task: Task) -> dict[str, Case]:
        """A target's cases whose parameters differ from the task's, by the task's names."""
        cases = {case.name: case for case in task.cases}
        found = {}
        for key, own in section.cases.items():
            where = f"targets.{name}.cases.{key}"
            case = lookup(cases, key, f"case of task {task.name} (in {where})", self.path)
            for param in own.params:
                if param not in case.params:
                    known = ", ".join(case.params) or "none"
                    raise self._error(
                        f"{where}.params",
                        f"case {key!r} of task {task.name} has no parameter {param!r};"
                        f" it has: {known}",
                        did_you_mean(param, case.params, _ALIKE),
                    )
            try:
                found[key] = case.with_params(own.params)
            except ValueError as problem:
                raise self._error(f"{where}.params", str(problem)) from None
        return found

    def _options(
        self, section: TargetSection, options: dict[str, Any], where: str
    ) -> dict[str, Any]:
        """The adapter's options; the words of `flags_file` follow `flags`."""
        if section.flags_file is None:
            return options
        path = self.path.parent / section.flags_file
        told = options.get("flags", [])
        return {**options, "flags": joined_flags(told, path, f"{self.path}: {where}")}

    def _check_target(self, target: Target, task: Task) -> None:
        where = f"targets.{target.name}"
        if not 1 <= target.max_output_bytes < 2**63:
            wanted = "at least 1" if target.max_output_bytes < 1 else "less than 2^63"
            raise self._error(
                f"{where}.max_output_bytes", f"want {wanted}, got {target.max_output_bytes}"
            )
        for key, value in target.env.items():
            if not key or "=" in key:
                raise self._error(f"{where}.env", f"no environment can hold {key!r} = {value!r}")
        for name in ("setup", "build", "cleanup", "prepare", "conclude"):
            for command in getattr(target, name):
                if not command or not command[0]:
                    what = "names no program" if command else "is empty"
                    raise self._error(f"{where}.{name}", f"the command {list(command)!r} {what}")
        self._check_arguments(target, task)

    def _check_arguments(self, target: Target, task: Task) -> None:
        where = f"targets.{target.name}.args"
        for case in task.cases:
            try:
                arguments = target.arguments(case)
            except ValueError as problem:
                hint = "{{ and }} stand for braces." if "encountered" in str(problem) else ""
                raise self._error(where, str(problem), hint) from None
            for argument in arguments:
                if "\0" in argument:
                    raise self._error(where, f"no argument can hold a NUL: {argument!r}")

    def _missing_file(self, target: Target) -> str | None:
        """Which file of a target is not there, in words that name file, key and value.

        Where there is a setup or a build, that may be about to make it.
        """
        if target.setup or target.build:
            return None
        at = f"{self.path}: targets.{target.name}"
        groups = {"sources": target.sources, "inputs": target.inputs}
        for key, paths in {**groups, "build_inputs": target.build_inputs}.items():
            for path in paths:
                if not is_there(path):
                    what = "" if key == "build_inputs" else f"{key.removesuffix('s')} "
                    return f"{at}.{key}: {what}not found: {path}"
        if target.stdin is not None and not is_there(target.stdin, Path.is_file):
            return f"{at}.stdin: no such file: {target.stdin}"
        return None

    def _check_reference(self, task: Task, targets: Mapping[str, Target]) -> None:
        if task.reference is None:
            return
        own = [t.name for t in targets.values() if t.task == task.name]
        if task.reference not in own:
            raise self._error(
                f"tasks.{task.name}.reference",
                f"no target of this task is named {task.reference!r}; there are: "
                f"{', '.join(own) or 'none'}",
                did_you_mean(task.reference, own, _ALIKE),
            )

    def _check_campaign(
        self,
        name: str,
        campaign: CampaignSection,
        tasks: Mapping[str, Task],
        targets: Mapping[str, Target],
    ) -> None:
        where = f"campaigns.{name}"
        target = lookup(targets, campaign.target, f"target (in {where})", self.path)
        cases = {case.name: case for case in tasks[target.task].cases}
        named = [("cases", name) for name in campaign.cases]
        for key, wanted in [("case", campaign.case), ("full_case", campaign.full_case), *named]:
            if wanted is not None:
                lookup(cases, wanted, f"case (in {where}.{key})", self.path)

    def _error(self, where: str, problem: str, hint: str = "") -> ConfigError:
        at = f"{where}: " if where else ""
        return ConfigError(f"{self.path}: {at}{problem}", hint=hint)


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _explain(value: object, kind: Any, problem: str) -> str:
    choices = next(filter(None, map(_choices, (kind, *typing.get_args(kind)))), ())
    if choices:
        allowed = ", ".join(map(repr, choices))
        near = did_you_mean(str(value), choices, _ALIKE)
        return f"got {value!r}, allowed: {allowed}" + (f". {near}" if near else "")
    return f"{problem[0].lower()}{problem[1:]}, value seen: {value!r}"


def _choices(kind: Any) -> tuple[str, ...]:
    """What the file may say where a key takes one of a few words; nothing of any other key."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(member.value for member in kind)
    return ()
