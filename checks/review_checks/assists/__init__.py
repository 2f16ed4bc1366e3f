"""Changes that the user may want at the cursor, one file each; see ``review_checks.assist``."""
