"""Reusable pieces of page. They know the core, and none of the pages."""
