"""Concern 3: what must not be read in a log."""
