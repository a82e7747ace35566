"""Benchmarks: `./run bench NAME` runs `python -m tests.bench.NAME`; JSON lines on standard output, nothing else."""
