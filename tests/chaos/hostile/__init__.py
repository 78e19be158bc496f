"""A hostile peer: malformed, oversized, replayed and forged messages at hub and kiosk, every one accounted for."""
