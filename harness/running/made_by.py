"""Who made a program, as the program says itself: its compilers, whatever is found on PATH today.

GCC, Clang, rustc and their like leave their versions in the section `.comment` of an ELF file, Go
leaves its own in `.go.buildinfo`. A build of the user's own may have called any of them.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import replace
from pathlib import Path

from harness.model import Build, digest_of
from harness.model.trials import MADE_BY
from harness.on_demand import pattern
from harness.running.own_builds import is_of_own_tree, own_build_digest, own_build_ns

COMMENT = b".comment"
GO = b".go.buildinfo"
GO_MAGIC = b"\xff Go buildinf:"
GO_INLINE = 2
"""The flag of a version that stands right behind the header, as Go 1.18 and later write it."""
GO_HEADER_BYTES = 32
RUNTIME = pattern(r"GCC: \(.*")
"""Beside another compiler it speaks of the C start files alone, which every program has."""
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")


def as_own_build(build: Build) -> Build:
    """What a build is where the user's own commands had a part in it; any other one as it is.

    All that they were made of is part of its identity: libraries and extensions that its program
    loads are made by them, too. Its toolchain is the one that its program names: the one that the
    adapter finds on PATH had no part.
    """
    own = own_build_digest(build.target)
    if not own:
        return build
    # The adapter made nothing: what the user's own commands took is what the build takes.
    spent_ns = build.build_ns + own_build_ns(build.target)
    build = replace(build, digest=digest_of([build.digest, own]), build_ns=spent_ns)
    makers = makers_of(build.program) if is_of_own_tree(build.program, build.target) else ()
    if not makers:
        return build
    chain, line = build.toolchain, "; ".join(makers)
    told = replace(
        chain,
        version=line,
        fingerprint=digest_of([chain.fingerprint, *makers]),
        details={**chain.details, MADE_BY: line},
    )
    return replace(build, toolchain=told)


def makers_of(program: Path) -> tuple[str, ...]:
    """The compilers that an ELF program of 64 bits names, each once; empty where it names none."""
    try:
        with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
            sections = _sections(m)
            named = [_go_version(sections.get(GO, b""))]
            named += [w.decode("utf-8", "replace") for w in sections.get(COMMENT, b"").split(b"\0")]
    except (OSError, ValueError, OverflowError, struct.error, IndexError):
        return ()  # a script, an empty file, or bytes that only look like a program
    found = tuple(dict.fromkeys(word.strip() for word in named if word.strip()))
    other = tuple(word for word in found if not RUNTIME.fullmatch(word))
    return other or found


def _sections(content: mmap.mmap) -> dict[bytes, bytes]:
    """The two sections by their names; ValueError for what is no little-endian ELF of 64 bits."""
    if content[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no ELF file of 64 bits")
    header = HEADER.unpack_from(content)
    start, size, count, names_at = header[6], header[11], header[12], header[13]
    rows = [SECTION.unpack_from(content, start + size * number) for number in range(count)]
    _, _, _, _, begin, length, *_ = rows[names_at]
    names = content[begin : begin + length]
    found = {}
    for name_at, _, _, _, offset, length, *_ in rows:
        name = names[name_at:].partition(b"\0")[0]
        if name in (COMMENT, GO):
            found[name] = content[offset : offset + length]
    return found


def _go_version(section: bytes) -> str:
    if not section.startswith(GO_MAGIC):
        return ""
    flags, length = section[15], section[GO_HEADER_BYTES]
    if not flags & GO_INLINE or length > 127:  # a longer one has more bytes of length
        return "go"
    start = GO_HEADER_BYTES + 1
    return section[start : start + length].decode("utf-8", "replace")
