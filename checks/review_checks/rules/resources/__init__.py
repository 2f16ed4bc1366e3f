"""Concern 5: what was acquired and is not given back."""
