"""What the file commands share: reading a file that a person names, and telling them what became of it."""
