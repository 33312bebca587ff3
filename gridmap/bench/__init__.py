"""Measurements against named peers in the same run; the tables go to docs/benchmarks.md."""
