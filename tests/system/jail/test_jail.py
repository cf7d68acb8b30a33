"""What a strict jail must keep from a trial, tried by programs that mean harm."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Command, Jail, JailTerms, Target, TrialStatus, WorkingFolder
from harness.system.jail.means import Means
from harness.system.jail.view import view_of_command
from harness.system.process.runner import LocalRunner

from .conftest import Say, trial_of

LEAVE_IN = """
import os, sys
place = os.path.expandvars(os.path.expanduser({place!r}))
try:
    print(open(place).read())
except OSError:
    print("nothing")
try:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    open(place, "w").write("the answer")
except OSError:
    pass
"""

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(*words):
    done = libc.syscall(*map(ctypes.c_long, words))
    return done if done >= 0 else -ctypes.get_errno()
"""


@pytest.mark.parametrize(
    "place",
    [
        *("~/answer", "~/.cache/answer", "/tmp/answer", "/var/tmp/answer", "/dev/shm/answer"),
        *("$TMPDIR/answer", "../answer", "../../answer", "{project}/answer", "{builds}/c/answer"),
        *("{builds}/c/other/answer", "/usr/lib/answer", "{python}/answer"),
    ],
)
def test_nothing_is_found_that_an_earlier_trial_left(say: Say, project: Path, place: str):
    named = place.format(project=project, builds=project / ".harness/builds", python=sys.prefix)
    script = LEAVE_IN.format(place=named)
    assert [say(script), say(script)] == ["nothing", "nothing"]
    outside = Path(os.path.expandvars(named)).expanduser()
    assert not outside.is_absolute() or "TMPDIR" in place or not outside.exists()


@pytest.mark.parametrize(
    "place", [".git", "optim", ".harness/results", ".harness/builds/c/other", ".harness"]
)
def test_what_a_campaign_keeps_is_not_seen(say: Say, project: Path, place: str):
    script = f"""
import os
found = [os.path.join(d, n) for d, _, names in os.walk({str(project / place)!r}) for n in names]
print([open(name).read() for name in found])
"""
    assert say(script) == "[]"


def test_the_tree_is_read_and_not_written(say: Say, project: Path):
    name = str(project / "main.py")
    assert say(f"print(open({name!r}).read())") == "print(42)"
    said = say(f"try:\n    open({name!r}, 'a')\nexcept OSError as problem:\n    print('refused')")
    assert said == "refused"


def test_who_may_not_write_is_told_what_lets_it(jailed: LocalRunner, project: Path):
    target = Target("t", "task", "python", project, (project / "main.py",))
    target = replace(target, working_folder=WorkingFolder.ROOT, timeout_ns=20_000_000_000)
    trial = trial_of(jailed, target, "import sys; sys.exit('x.txt: Read-only file system')")
    assert trial.status is TrialStatus.FAILED
    assert "`write` in [jail] of harness.toml" in trial.message


def test_the_real_home_is_not_seen(say: Say):
    home = Path.home()
    mine = sorted(path.name for path in home.iterdir())
    said = say(f"""
import os
try:
    print(sorted(n for n in os.listdir({str(home)!r}) if os.path.isfile({str(home)!r} + "/" + n)))
except OSError:
    print([])
""")
    assert mine
    assert said == "[]"


def test_a_segment_of_shared_memory_is_gone(say: Say):
    script = CALL + "print(call(29, 4711, 4096, 0o666) >= 0, call(29, 4711, 4096, 0o1666) >= 0)"
    # The first looks for it, the second makes it.
    assert say(script).startswith("False")
    assert say(script).startswith("False")


def test_the_times_of_a_device_are_no_memory(say: Say):
    before = os.stat("/dev/null").st_mtime_ns  # noqa: PTH116 - of a device
    script = """
import os
try:
    os.utime("/dev/null", ns=(5, 5))
    os.setxattr("/dev/null", "user.kept", b"the answer")
except OSError:
    pass
with open("/dev/null", "w") as file:
    print(file.write("nothing"), os.stat("/dev/null").st_mtime_ns == 5)
"""
    assert say(script) == "7 False"
    assert os.stat("/dev/null").st_mtime_ns == before  # noqa: PTH116 - of a device


@pytest.mark.parametrize("place", [".", "..", "../stdin", "../phases", "../tmp"])
def test_attributes_and_times_of_the_trials_folder_are_no_memory(say: Say, place: str):
    asked = (
        f"import os; p = {place!r}\n"
        "try: print(os.getxattr(p, 'user.kept'), int(os.stat(p).st_mtime) == 7)\n"
        "except OSError: print('nothing', os.path.lexists(p) and int(os.stat(p).st_mtime) == 7)\n"
    )
    told = (
        f"import os; p = {place!r}\n"
        "try: os.setxattr(p, 'user.kept', b'1')\nexcept OSError: pass\n"
        "try: os.utime(p, (7, 7))\nexcept OSError: pass\n"
    )
    say(told)
    assert say(asked).strip() == "nothing False"


def test_no_key_is_kept(say: Say):
    script = CALL + "print(call(248, 0, 0, 0, 0, -3), call(250, 0, -3, 1))"
    assert say(script) == "-1 -1"


@pytest.mark.parametrize("number", [101, 310, 311, 321, 323, 298, 425], ids=lambda n: f"call-{n}")
def test_calls_that_reach_further_are_refused(say: Say, number: int):
    """ptrace, process_vm_*, bpf, userfaultfd, perf_event_open, io_uring."""
    assert say(CALL + f"print(call({number}, 0, 0, 0, 0))") == "-1"


def test_no_mount_and_no_namespace_is_made(say: Say):
    said = say("""
import ctypes, os
libc = ctypes.CDLL(None)
print([libc.unshare(1 << bit) for bit in (17, 25, 26, 27, 28, 29, 30)])
print(libc.mount(b"none", os.environ["TMPDIR"].encode(), b"tmpfs", 0, None))
print(libc.umount2(b"/proc", 2), libc.setns(os.open("/proc/self/ns/net", 0), 0))
""")
    assert said.splitlines() == [str([-1] * 7), "-1", "-1 -1"]


def test_no_power_is_left(say: Say):
    said = say("print([l.split()[1] for l in open('/proc/self/status') if l[:4] == 'CapE'])")
    assert said == "['0000000000000000']"


def test_no_other_file_is_open(say: Say):
    assert (
        say("import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])") == "[0, 1, 2]"
    )


def test_nobody_outside_can_be_signalled(say: Say, jailed: LocalRunner):
    say("print(1)")
    process = jailed.launcher._line._process
    assert process is not None
    said = say(f"""
import os
for pid in ({process.pid}, {os.getpid()}, os.getppid()):
    try:
        os.kill(pid, 0 if pid == os.getppid() else 9)
    except OSError:
        pass
print("alive")
""")
    assert said == "alive"
    assert process.is_there()


def test_the_clock_runs_until_the_last_process_has_ended(jailed: LocalRunner, project: Path):
    target = Target("t", "task", "python", project)
    script = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(0.3)\nos._exit(0)"
    trial = trial_of(jailed, target, script)
    assert trial.ok
    assert trial.wall_ns > 300_000_000
    assert not trial.left_behind


def test_what_does_not_end_runs_into_the_timeout(jailed: LocalRunner, project: Path):
    target = Target("t", "task", "python", project, timeout_ns=500_000_000)
    script = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(60)\nos._exit(0)"
    trial = trial_of(jailed, target, script)
    assert trial.status is TrialStatus.TIMED_OUT
    assert trial.left_behind == 1


@pytest.mark.parametrize("first", ["os.kill(os.getpid(), signal.SIGSTOP)", "time.sleep(0.1)"])
def test_nobody_waits_for_who_is_stopped_for_good(jailed: LocalRunner, project: Path, first: str):
    script = f"""
import os, signal, time
if os.fork() == 0:
    if os.fork() == 0:
        {first}
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
print("done", flush=True)
os._exit(0)
"""
    trial = trial_of(jailed, Target("t", "task", "python", project), script)
    assert trial.ok
    assert trial.left_behind >= 1
    assert trial.wall_ns > 1_000_000_000


def test_who_is_stopped_by_one_that_lets_it_go_on_is_waited_for(jailed: LocalRunner, project: Path):
    script = """
import os, signal, time
stopped = os.fork()
if stopped == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os.write(1, b"went on")
    os._exit(0)
if os.fork() == 0:
    time.sleep(1.5)
    os.kill(stopped, signal.SIGCONT)
os._exit(0)
"""
    trial = trial_of(jailed, Target("t", "task", "python", project), script)
    assert trial.ok
    assert trial.output is not None
    assert trial.output.stdout.read_text() == "went on"
    assert not trial.left_behind


def test_work_in_children_that_nobody_waits_for_counts(jailed: LocalRunner, project: Path):
    if jailed.confining.found.cpu_problem:
        pytest.skip(jailed.confining.found.cpu_problem)
    target = Target("t", "task", "python", project)
    script = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while time.process_time() < 0.3:
        pass
    os._exit(0)
try:
    os.wait()
except ChildProcessError:
    pass
"""
    trial = trial_of(jailed, target, script)
    assert trial.user_ns + trial.sys_ns > 300_000_000


def test_the_network_is_not_that_of_the_machine(say: Say):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), 2)
    print("reached")
except OSError:
    print("refused")
"""
        assert say(script) == "refused"
        assert say(script, terms=JailTerms(network=True)) == "reached"


def test_a_network_that_was_used_is_nobody_elses(say: Say, jailed: LocalRunner):
    if jailed.confining.found.best is not Means.NAMESPACES:
        pytest.skip("without namespaces there is no network at all")
    script = """
import socket
print(open("/proc/net/snmp").read().split("Udp: ")[2].split()[0])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("127.0.0.1", 0))
for _ in range(7):
    sender.sendto(b"x", sender.getsockname())
    sender.recv(1)
"""
    assert [say(script), say(script)] == ["0", "0"]


def children_of(pid: int) -> set[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(word) for path in lists for word in path.read_text().split()}


def grandchildren() -> set[int]:
    """Whom the launcher has started: keepers, and the first processes of jails."""
    return {pid for child in children_of(os.getpid()) for pid in children_of(child)}


def test_a_jail_on_the_machines_network_lasts_while_others_talk(say: Say, jailed: LocalRunner):
    if jailed.confining.found.best is not Means.NAMESPACES:
        pytest.skip("without namespaces there is no keeper")
    before = grandchildren()
    terms = JailTerms(network=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        talker.bind(("127.0.0.1", 0))
        said = say(f"""
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"x", ("127.0.0.1", {talker.getsockname()[1]}))
print("sent")
""", terms=terms)  # fmt: skip
        made = grandchildren() - before
        assert said == "sent"
        assert say("print(1)", terms=terms) == "1"
    assert made & grandchildren()


def test_other_machines_sockets_are_refused(say: Say):
    said = say("""
import socket
try:
    socket.socket(40, socket.SOCK_STREAM)
    print("made")
except OSError:
    print("refused")
""")
    assert said == "refused"


def test_terms_let_through_what_they_name(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "data").write_text("data")
    (tmp_path / "kept").mkdir()
    monkeypatch.setenv("LICENCE_SERVER", "27000@here")
    terms = JailTerms(
        read=(str(tmp_path / "data"),), write=(str(tmp_path / "kept"),), env=("LICENCE_SERVER",)
    )
    data, kept = str(tmp_path / "data"), str(tmp_path / "kept" / "x")
    said = say(
        f"""
import os
print(open({data!r}).read(), os.environ["LICENCE_SERVER"])
open({kept!r}, "w").write("kept")
""",
        terms=terms,
    )
    assert said == "data 27000@here"
    assert Path(kept).read_text() == "kept"


def test_a_device_is_there_where_the_terms_name_it(say: Say):
    named = ("/dev/fuse", "/dev/kvm", "/dev/loop-control", "/dev/net/tun", "/dev/ptmx")
    device = next((name for name in named if os.access(name, os.R_OK | os.W_OK)), None)
    if device is None:
        pytest.skip("there is no device here that we may open")
    script = f"""
import os
try:
    os.close(os.open({device!r}, os.O_RDWR))
    print("opened")
except OSError:
    print("refused")
"""
    assert say(script) == "refused"
    assert say(script, terms=JailTerms(devices=(device,))) == "opened"


def test_a_private_trial_has_a_home_of_its_own(tmp_path: Path, launcher_cache: Path, project: Path):
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    runner.jail = Jail.PRIVATE
    try:
        script = LEAVE_IN.format(place="~/answer")
        for _ in range(2):
            trial = trial_of(runner, Target("t", "task", "python", project), script)
            assert trial.output is not None
            assert trial.output.stdout.read_text() == "nothing\n"
            runner.discard(trial.output)
    finally:
        runner.close()


def test_a_tool_is_called_from_a_folder_that_its_jail_does_not_show(
    jailed: LocalRunner, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with jailed.on_behalf_of(Target("t", "task", "command", project)):
        done = jailed.tool(["/bin/cat", str(project / "main.py")])
    assert done.stdout == "print(42)\n", done.stderr


def test_commands_that_name_the_same_paths_share_one_policy(
    jailed: LocalRunner, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(*given: object) -> object:
        made.append(given)
        return view_of_command(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("harness.system.jail.confining.view_of_command", counted)
    (there := project.parent / "input").write_text("an input")
    place = (jailed.grounds, project.parent / "scratch")

    def policy_of(*words: str, **env: str) -> str:
        command = Command(("/bin/echo", *words), env)
        return jailed.confining.of_command(Jail.STRICT, command, Path("/bin/echo"), place).policy

    plain = {policy_of(str(seed), SEED=str(seed)) for seed in range(20)}
    assert len(plain) == 1
    assert len(made) == 1
    assert str(there) in policy_of(str(there))
    assert policy_of("1", FROM=str(there)) == policy_of(str(there))
    assert len(made) == 2
