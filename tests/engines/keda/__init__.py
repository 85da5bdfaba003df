"""KEDA's real operator, run as a plain process beside a test cluster."""
