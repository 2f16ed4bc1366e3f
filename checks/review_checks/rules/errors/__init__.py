"""Concern 2: failures that nobody handles, or that nobody hears of."""
