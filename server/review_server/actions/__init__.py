"""What can be done about code: fixes, comments that silence findings, and assists.

Each module lists its actions for a request without computing them, and computes the one that the
user has chosen.
"""
