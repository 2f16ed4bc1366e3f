"""Which settings a program reads, how they are declared, and what they decide."""
