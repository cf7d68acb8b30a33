"""The executors that come with the harness; each says where the parts of a run are run."""
