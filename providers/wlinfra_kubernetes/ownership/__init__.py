"""Who we are on a cluster, and what is ours or goes with what is ours."""
