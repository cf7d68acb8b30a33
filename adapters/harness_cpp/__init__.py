"""The C++ adapter: compiles with c++, g++ or clang++ and runs what comes out."""

from __future__ import annotations

from pathlib import Path

from harness.adapterkit import EMPTY, INCLUDE, GnuLanguage, LanguageTool


class Cpp(GnuLanguage):
    """C++, with C's markers for phases and C's steady driver around `main`."""

    tool = LanguageTool(
        adapter="cpp",
        language="C++",
        names=("c++", "g++", "clang++"),
        option="compiler",
        install="Debian: apt-get install g++",
    )
    headers = frozenset({".h", ".hh", ".hpp", ".hxx", ".inc"})
    always = (f"-I{INCLUDE}",)
    empty = EMPTY
    streams = Path(__file__).with_name("steady.cc")


adapter = Cpp()
"""The plugin."""
