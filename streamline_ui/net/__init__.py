"""The two doors: `egress` is the only way out, `shield` the only way in."""
