"""Which resource bundle each group of a workload takes, by what is free on the nodes."""
