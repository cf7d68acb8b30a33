"""A project: its `harness.toml`, its targets at other revisions, its workloads."""
