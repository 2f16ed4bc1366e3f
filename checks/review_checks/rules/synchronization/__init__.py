"""Concern 1: state that is shared without its lock."""
