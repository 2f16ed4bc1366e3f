"""Conclusions over facts: queries of an incremental database."""
