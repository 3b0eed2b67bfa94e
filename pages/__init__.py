"""One file per address. Importing `pages` registers them all."""
