"""The calls that change objects on the cluster, one object each; `table` has them all by name."""
