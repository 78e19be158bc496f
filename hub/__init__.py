"""The hub: keeps the books of its region's sites."""
