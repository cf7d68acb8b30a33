"""A run on the nodes of a cluster: shards in jobs, files as the truth, gathered as one run."""
