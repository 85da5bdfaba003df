"""A real Kubernetes control plane with fake nodes, started as plain processes on loopback."""
