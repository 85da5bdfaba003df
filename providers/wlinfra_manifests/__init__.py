"""A workload and its artifact as Kubernetes objects: pure, without a client and without a cluster."""
