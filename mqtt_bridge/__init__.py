"""Topics, sans-IO session, link and pump between outbox and broker."""
