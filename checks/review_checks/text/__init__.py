"""Text and where it is: lines and edits, columns of an encoding, and the units of a file."""
