"""A project: its `harness.toml`, its targets at other revisions, its workloads.

- `config`        harness.toml, found and turned into tasks, targets and campaigns
- `config_file`   the tables of harness.toml, with their keys, types and defaults
- `config_tables` the tables that save writing: `[defaults.*]`, `[matrix.*]`, a task's `args`
- `config_text`   the files of a configuration as text
- `finding`       finds the configuration that is meant
- `flags_file`    the flags of a target that a campaign may change
- `revisions`     a target at another revision
- `state_folder`  the folder `.harness/`
- `workload`      what a campaign works on
"""
