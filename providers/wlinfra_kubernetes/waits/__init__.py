"""When an object is ready, kind by kind: judged from what the cluster shows, without a memory of its own."""
