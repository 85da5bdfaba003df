"""Scenarios that measure wlinfra beside its peers; run them with ``python -m benchmarks``."""
