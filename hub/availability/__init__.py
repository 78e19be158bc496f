"""What is available, kept in memory beside the books, for whoever asks and for every kiosk."""
