"""Rendered objects as YAML, on stdout or as files: what `wlinfra render` writes."""
