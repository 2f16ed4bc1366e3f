"""What one unit of text says, lowered from its syntax tree."""
