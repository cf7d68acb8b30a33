"""What a program lacks that this machine does not start: its own kind of machine, or a library."""

from __future__ import annotations

import os
import platform
import struct

from harness.on_demand import pattern

MACHINES = {
    3: "i386",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC 64",
    22: "S/390",
    40: "ARM",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
    258: "LoongArch",
}
"""By the number that ELF has for them."""
LOADER = pattern(r"error while loading shared libraries: ([^\s:]+): cannot open shared object")


def other_machine(program: str) -> str:
    """What to do about a program that is for another machine; nothing where that cannot be told."""
    try:
        with open(program, "rb") as file:  # noqa: PTH123
            head = file.read(20)
    except OSError:
        return ""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    (number,) = struct.unpack_from(">H" if head[5] == 2 else "<H", head, 18)
    named = MACHINES.get(number, f"machine number {number}")
    return (
        f"it is a program for {named}, and this machine is {platform.machine()}: compile it here,"
        " without the flags or the compiler of another machine"
    )


def missing_library(said: str) -> str:
    """What to do about a shared library that the loader does not find, by its own words."""
    found = LOADER.search(said)
    if found is None:
        return ""
    name = os.path.basename(found[1])  # noqa: PTH119
    return (
        f"the loader does not find {name}: name its folder in `library_dirs` (adapters that link by"
        " GCC's words), link with -Wl,-rpath,FOLDER, or set LD_LIBRARY_PATH in the target's `env`"
    )


_READ_ONLY = ("Read-only file system", "read-only file system", "EROFS", "errno 30")


def jailed_write(said: str, policy: str) -> str:
    """What lets a program write where its jail keeps it from that; empty: it did not try to."""
    if not policy or not any(sign in said for sign in _READ_ONLY):
        return ""
    return (
        "in a strict jail a program writes to its own folder alone: `write` in [jail] of"
        " harness.toml names the folders that it may write to as well (with working_folder ="
        ' "project" its working folder is not its own)'
    )
