"""SQLite journals: cause and consequence in one transaction."""
