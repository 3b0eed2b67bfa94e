"""Liquid as workflows speak it: its tags, filters and limits, and what is said of a path that leads nowhere.

`templates` is the door: nothing else renders.
"""
