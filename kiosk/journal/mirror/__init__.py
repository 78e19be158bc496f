"""A second copy of every fact before a sale is shown as done: on another medium, or at a peer till."""
