"""METRICS.md as code: pure functions over figures."""
