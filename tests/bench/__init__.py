"""The figures, repeated: each file here prints the ones it is named after. `python -m tests.bench.page`, for one."""
