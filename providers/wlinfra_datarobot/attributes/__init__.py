"""The attributes of workloads and artifacts, one row each: declared path, place on the wire, and how values compare."""
