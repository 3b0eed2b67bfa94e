"""What is secret: sealing and opening values, the keys for it, and keeping secrets out of every text."""
