"""Textual screens, one a file; nothing but screens."""
