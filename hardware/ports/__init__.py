"""What the kiosk may ask of each device, as Protocols, and what it gets back; one device a file."""
