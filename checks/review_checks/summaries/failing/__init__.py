"""What can fail, and what that leaves behind."""
