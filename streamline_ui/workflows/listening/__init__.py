"""What services tell: whoever listens is asked for or sent to, and what comes starts workflows, once."""
