"""What a function acquires, and on which paths it gives it back."""
