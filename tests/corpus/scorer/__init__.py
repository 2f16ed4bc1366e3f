"""Measures what a checker says of real bugs, before and after their fix."""
