"""Plans one artifact or workload: which calls, in which order, and what they mean for what runs."""
