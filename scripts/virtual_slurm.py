#!/usr/bin/env python3
"""A real SLURM of three virtual nodes on this machine, for tests and for trying things out.

    scripts/virtual_slurm.py /tmp/cluster            start it, and end it with Ctrl-C
    export SLURM_CONF=/tmp/cluster/slurm.conf        then sbatch, squeue and the harness find it

It needs Debian's slurmctld, slurmd, munge and slurm-client, and to be root (or to be allowed
namespaces of its own). Nothing below /etc is used or changed. Every node is a slurmd in a pid and a
uts namespace of its own: `power_off` kills that namespace, and with it all that runs on the node.
All that is started ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol", "scancel")
START_S = 30.0
"""How long the daemons may take until all nodes are idle; about four seconds are usual."""
_PATH = ":/usr/sbin:/sbin"
_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: it is killed when the process that started it ends."""

_CONF = """\
ClusterName=virtual
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={root}/run/munge.sock,cred_expire=5
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd.%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
TmpFS={root}/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SwitchType=switch/none
MpiDefault=none
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmdTimeout=3
SlurmctldTimeout=3
MessageTimeout=3
TCPTimeout=1
KillWait=5
ReturnToService=2
MinJobAge=3600
MaxArraySize={most}
{more}
"""


def lacking() -> str:
    """Why no cluster can be started here; empty where one can."""
    path = os.environ.get("PATH", "") + _PATH
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "the virtual cluster is started by root"
    try:
        tried = subprocess.run(
            [*_WITH_US, "unshare", "--pid", "--fork", "--mount-proc", "--uts", "hostname", "n0"],
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"no namespaces: {problem}"
    return "" if tried.returncode == 0 else f"no namespaces: {tried.stderr.strip()}"


class VirtualSlurm:
    """Three nodes `n1`-`n3` in the partition `all`; use it as a context manager.

    `root` is a folder of its own for configuration, sockets, logs and state.
    """

    def __init__(self, root: Path, most: int = 1001, more: str = "", memory_mb: int = 4000) -> None:
        self.root = root
        self.nodes = ("n1", "n2", "n3")
        self._more, self._most, self._memory_mb = more, most, memory_mb
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def env(self) -> dict[str, str]:
        """The variables by which SLURM's programs find this cluster."""
        path = os.environ.get("PATH", "")
        return {"SLURM_CONF": str(self.root / "slurm.conf"), "PATH": path + _PATH}

    def __enter__(self) -> VirtualSlurm:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all daemons; RuntimeError with their logs where the nodes do not become idle."""
        for name in ("run", "state", "log", "spool", "tmp"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for node in self.nodes:
            (self.root / "spool" / node).mkdir(exist_ok=True)
            (self.root / "tmp" / node).mkdir(exist_ok=True)
        self._write_conf()
        self._munge()
        self.start_controller()
        for node in self.nodes:
            self.power_on(node)
        self.wait_idle()

    def _write_conf(self) -> None:
        ports = free_ports(1 + len(self.nodes))
        cpus = os.cpu_count() or 1
        host = socket.gethostname()
        values = {"root": self.root, "ports": ports, "most": self._most, "more": self._more}
        lines = [_CONF.format(host=host, **values)]
        lines += [
            f"NodeName={node} NodeHostname={node} NodeAddr=127.0.0.1 Port={port} CPUs={cpus}"
            f" RealMemory={self._memory_mb} State=UNKNOWN"
            for node, port in zip(self.nodes, ports[1:], strict=True)
        ]
        lines.append(f"PartitionName=all Nodes={','.join(self.nodes)} Default=YES MaxTime=60\n")
        (self.root / "slurm.conf").write_text("\n".join(lines), encoding="utf-8")

    def _munge(self) -> None:
        key = self.root / "run" / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        run = self.root / "run"
        command = ["munged", "--foreground", "--force", "--num-threads=2"]
        command += [f"--socket={run}/munge.sock", f"--key-file={key}"]
        command += [f"--pid-file={run}/munged.pid", f"--log-file={self.root}/log/munged.log"]
        command += [f"--seed-file={run}/munged.seed"]
        self._spawn("munge", command)
        self._until(lambda: (run / "munge.sock").exists(), "munged makes no socket")

    def start_controller(self) -> None:
        """Start slurmctld, for the first time or again."""
        self._spawn("controller", ["slurmctld", "-D", "-f", str(self.root / "slurm.conf")])

    def stop_controller(self) -> None:
        """End slurmctld alone, once it has saved its state: jobs go on."""
        controller = self._running.get("controller")
        if controller is not None:
            controller.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                controller.wait(timeout=20)
        self._kill("controller")

    def power_on(self, node: str) -> None:
        """Start a node's slurmd in namespaces of its own."""
        script = f"hostname {node} && exec slurmd -D -N {node} -f {self.root}/slurm.conf"
        command = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--uts"]
        self._spawn(node, [*command, "sh", "-c", script])

    def power_off(self, node: str) -> None:
        """Kill a node with all that runs on it, at once."""
        self._kill(node)

    def silence(self, node: str) -> None:
        """Have a node's slurmd answer nobody any more; what runs on the node runs on."""
        os.kill(self._slurmd(node), signal.SIGSTOP)

    def unsilence(self, node: str) -> None:
        """Have a node's slurmd go on; it ends what SLURM has given to another node meanwhile."""
        os.kill(self._slurmd(node), signal.SIGCONT)

    def _slurmd(self, node: str) -> int:
        """The process below `unshare`."""
        parent = self._running[node].pid
        return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])

    def wait_idle(self) -> None:
        """Wait until every node that is on is ready for jobs."""
        words = [f"{node} idle" for node in self.nodes if node in self._running]

        def idle() -> bool:
            found = self.run("sinfo", "-h", "-N", "-o", "%N %t").stdout.split("\n")
            return all(word in found for word in words)

        self._until(idle, "the nodes do not become idle")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """One of SLURM's programs, by its words."""
        env = {**os.environ, **self.env}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)

    def stop(self) -> None:
        """Kill every daemon, nodes first; nothing stays."""
        for name in [*reversed(self._running)]:
            self._kill(name)

    def _spawn(self, name: str, command: list[str]) -> None:
        log = (self.root / "log" / f"{name}.out").open("ab")
        env = {**os.environ, **self.env}
        with log:
            self._running[name] = subprocess.Popen(
                [*_WITH_US, *command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait(timeout=20)

    def _until(self, ready: Callable[[], bool], problem: str) -> None:
        end = time.monotonic() + START_S
        while not ready():
            died = [n for n, p in self._running.items() if p.poll() is not None]
            if died or time.monotonic() > end:
                raise RuntimeError(f"{problem}; ended: {died}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self) -> str:
        """The last lines of every daemon's log."""
        found = sorted((self.root / "log").glob("*"))
        return "\n".join(f"== {p.name}\n{p.read_text(errors='replace')[-1500:]}" for p in found)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def main() -> int:
    """Start a cluster in a folder until Ctrl-C."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if why := lacking():
        print(f"virtual_slurm: {why}", file=sys.stderr)
        return 3
    root = Path(sys.argv[1]).absolute()
    with VirtualSlurm(root):
        print(f"export SLURM_CONF={root}/slurm.conf", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
