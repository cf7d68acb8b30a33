"""What adapters have in common, for authors of adapters.

A compiled language is a class with a page of facts and one method; see docs/writing-an-adapter.md.

- `CompiledLanguage`    the hooks of a language that is compiled to a native program
- `GnuLanguage`         those of a language whose compiler takes GCC's words
- `InterpretedLanguage` those of a language whose interpreter runs a source
- `LaidOutLanguage`     a compiled language whose programs are linked in several layouts
- `Language`            what these have in common
- `LanguageTool`        finds and describes a compiler or an interpreter
- `link_layouts`        one program linked in several layouts, among which trials take turns
- `keep`                builds that are made once, whole or not at all
- `kind_asked_for`      what a digest holds of the CPU where `-march=native` and the like ask for it
- `native`              perf, callgrind, symbols and the steady driver of native programs

An adapter may import this package beside `harness.model`, `harness.hookspecs` and
`harness.errors`; the contract's promise (`harness.hookspecs.CONTRACT`) holds for it too.
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.adapterkit.build_cache import Kept, MadeBuild, bytes_of, keep, placeless
    from harness.adapterkit.compiled import (
        Compilation,
        CompiledLanguage,
        CompilerOptions,
        adopted,
        program_name,
        sources_below,
        with_neighbours,
    )
    from harness.adapterkit.gnu import DRIVER, EMPTY, INCLUDE, GnuLanguage, GnuOptions
    from harness.adapterkit.in_layouts import LaidOutLanguage
    from harness.adapterkit.interpreted import InterpretedLanguage, InterpreterOptions
    from harness.adapterkit.language import Language
    from harness.adapterkit.layouts import (
        OWN_SECTIONS,
        functions_in,
        layouts_wanted,
        link_layouts,
        order_script,
        program_in,
        timed_in_layout,
    )
    from harness.adapterkit.probing import LanguageTool, identity_of
    from harness.adapterkit.this_cpu import kind_asked_for, kind_of_cpu
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "compiled": "Compilation CompiledLanguage CompilerOptions adopted program_name"
            " sources_below with_neighbours",
            "gnu": "DRIVER EMPTY INCLUDE GnuLanguage GnuOptions",
            "interpreted": "InterpretedLanguage InterpreterOptions",
            "build_cache": "Kept MadeBuild bytes_of keep placeless",
            "language": "Language",
            "in_layouts": "LaidOutLanguage",
            "layouts": "OWN_SECTIONS functions_in layouts_wanted link_layouts order_script"
            " program_in timed_in_layout",
            "probing": "LanguageTool identity_of",
            "this_cpu": "kind_asked_for kind_of_cpu",
        },
    )

__all__ = [
    "DRIVER",
    "EMPTY",
    "INCLUDE",
    "OWN_SECTIONS",
    "Compilation",
    "CompiledLanguage",
    "CompilerOptions",
    "GnuLanguage",
    "GnuOptions",
    "InterpretedLanguage",
    "InterpreterOptions",
    "Kept",
    "LaidOutLanguage",
    "Language",
    "LanguageTool",
    "MadeBuild",
    "adopted",
    "bytes_of",
    "functions_in",
    "identity_of",
    "keep",
    "kind_asked_for",
    "kind_of_cpu",
    "layouts_wanted",
    "link_layouts",
    "order_script",
    "placeless",
    "program_in",
    "program_name",
    "sources_below",
    "timed_in_layout",
    "with_neighbours",
]
