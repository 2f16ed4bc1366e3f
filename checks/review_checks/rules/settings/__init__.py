"""Concern 4: values from outside that nobody checked."""
