"""Fixes, and parts of fixes, that rules of several concerns share."""
