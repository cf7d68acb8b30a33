"""An executor for machines that share a folder and have no scheduler: jobs by `ssh`.

    [executors.ssh]
    hosts = ["red", "green"]

Each host works off its share of the jobs one after the other. What was started is kept in this
user's cache: a host, a process group and the numbers of its jobs. `shell` is the command that runs
a line on a host; with `["sh", "-c", "{line}"]` in its place all runs here, as the test has it.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from harness.errors import ConfigError, UsageError
from harness.hookspecs import hookimpl
from harness.model.engines import ClusterNode, JobPhase, JobState, Limits

SSH = ["ssh", "-o", "BatchMode=yes", "{host}", "{line}"]


@hookimpl
def harness_script(work, options):
    hosts = _hosts(options)
    shares = [work_off(work, host, hosts) for host in hosts]
    return "\n".join(f"# on {host}\n{line}" for host, line in zip(hosts, shares, strict=True))


@hookimpl
def harness_limits(options):
    _hosts(options)
    return Limits(at_once=1_000_000, waiting=1_000_000)


@hookimpl
def harness_submit(work, options, runner):
    hosts = [work.node] if work.node else _hosts(options)
    for host in hosts:
        numbers = _share(work, host, hosts)
        if not numbers:
            continue
        line = f"setsid sh -c {shlex.quote(work_off(work, host, hosts))} >/dev/null 2>&1 & echo $!"
        done = runner.tool(_words(options, host, line), timeout_s=60)
        if done.exit_code != 0:
            raise UsageError(f"{host}: {done.stderr.strip()}")
        started = {"host": host, "group": int(done.stdout), "numbers": numbers}
        path = _kept() / f"{work.name}.{work.first}.{host}.json"
        path.write_text(json.dumps(started), encoding="utf-8")
    return True


@hookimpl
def harness_nodes(options):
    return [ClusterNode(host) for host in _hosts(options)]


@hookimpl
def harness_jobs(name, options, runner):
    found = []
    for path in _kept().glob(f"{name}.*.json"):
        started = json.loads(path.read_text(encoding="utf-8"))
        alive = _words(options, started["host"], f"kill -s 0 -- -{started['group']}")
        if runner.tool(alive, timeout_s=60).exit_code != 0:
            path.unlink(missing_ok=True)
            continue
        for number in started["numbers"]:
            found.append(JobState(number, JobPhase.RUNNING, node=started["host"]))
    return found


@hookimpl
def harness_cancel(name, options, runner):
    for path in _kept().glob(f"{name}.*.json"):
        started = json.loads(path.read_text(encoding="utf-8"))
        end = _words(options, started["host"], f"kill -s TERM -- -{started['group']}")
        runner.tool(end, timeout_s=60)
    return True


def work_off(work, host, hosts):
    """The line that works off a host's share of the jobs."""
    command = shlex.join(work.command)
    parts = [
        f"HARNESS_JOB={host}_{number} HARNESS_RESTARTS=0 {command} {number}"
        f" >>{shlex.quote(str(work.logs))}/{host}_{number - work.first}.log 2>&1"
        for number in _share(work, host, hosts)
    ]
    return "; ".join(parts) or "true"


def _share(work, host, hosts):
    return list(range(work.first + hosts.index(host), work.first + work.count, len(hosts)))


def _hosts(options):
    hosts = options.get("hosts")
    if not isinstance(hosts, list) or not hosts:
        raise ConfigError('executors.ssh.hosts: want a list of hosts, such as ["red", "green"]')
    return hosts


def _words(options, host, line):
    return [word.format(host=host, line=line) for word in options.get("shell", SSH)]


def _kept():
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "harness-ssh"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
