"""How the process is: measured in one place, shown on a page, given as metrics, and written into a file."""
