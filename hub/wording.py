"""How figures and moments are written in a message for a shopper."""
