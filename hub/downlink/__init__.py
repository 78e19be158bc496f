"""From books to kiosks: each is sent what it has not acknowledged."""
