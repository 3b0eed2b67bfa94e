"""Connections to services: added, changed, tested, used and watched."""
