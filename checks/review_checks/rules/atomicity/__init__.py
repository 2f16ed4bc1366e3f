"""Concern 6: steps that must happen together, or be undone together."""
