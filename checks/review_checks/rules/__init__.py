"""The rules: one folder a concern, one file a rule."""
