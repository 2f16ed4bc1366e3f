"""What the names of libraries mean, as data."""
