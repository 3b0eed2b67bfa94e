"""The figures, repeated: each file here prints the ones it is named after. `python -m tests.bench.page`, for one.

Where a figure has a goal, it is printed beside it, with the ratio of the two. The machine may be busy with other
things: compare what ran in one and the same run, and trust processor time more than the clock.
"""
