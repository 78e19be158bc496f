"""From messages to books: what kiosks say is placed, judged and booked in one transaction."""
