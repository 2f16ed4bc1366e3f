"""Which values are credentials, and where they come to light."""
