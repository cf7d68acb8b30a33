"""The Lua adapter: runs sources with LuaJIT, or with Lua itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.adapterkit import InterpretedLanguage, LanguageTool
from harness.errors import ConfigError
from harness.hookspecs import Runner, hookimpl
from harness.model import Build, Target, Toolchain

HERE = Path(__file__).parent


class Lua(InterpretedLanguage):
    """Lua; its steady driver reaches for the pipes by LuaJIT's `ffi`, which Lua has not."""

    tool = LanguageTool(
        adapter="lua",
        language="Lua",
        names=("luajit", "lua", "lua5.4", "lua5.3", "lua5.1"),
        option="interpreter",
        install="Debian: apt-get install luajit",
        version=("-v",),
    )
    check = (str(HERE / "check.lua"),)
    driver = HERE / "driver.lua"
    empty = (HERE / "empty.lua").read_text(encoding="utf-8")
    suffix = ".lua"

    def environment(self, target: Target, folder: Path) -> Mapping[str, str]:
        """Where `require` finds the markers, and the modules beside the source."""
        places = [f"{source.parent}/?.lua" for source in target.sources[:1]]
        return {"LUA_PATH": ";".join([*places, f"{HERE}/markers/?.lua", ";"])}

    @hookimpl
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build:
        """Check the syntax."""
        if target.steady and "LuaJIT" not in toolchain.version:
            raise ConfigError(
                f"targets.{target.name}: steady mode needs LuaJIT, and this is {toolchain.version}",
                hint='Debian: apt-get install luajit; interpreter = "luajit".',
            )
        return super().harness_build(target, toolchain, workdir, runner)


adapter = Lua()
"""The plugin."""
