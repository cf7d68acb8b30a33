"""A first `harness.toml` for a project that has none: what is there, written down.

- `found_program`   a program that was found, and how the configuration says it
- `project_builds`  programs that make, CMake, Meson, cargo or go build
- `single_sources`  programs of one source file
- `looking`         the walk through a project that asks both
- `first_file`      the text of the configuration
"""
