"""Workflows: how they are described, and how an event becomes effects."""
