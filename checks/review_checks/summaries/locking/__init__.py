"""Which locks are held where, and what they guard."""
