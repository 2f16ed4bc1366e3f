"""Runs the rules over files, keeps their findings up to date, and tries their fixes."""
