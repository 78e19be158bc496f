"""What shoppers are promised: reservations, holds and the answers to requests, in transactions of whoever asks."""
