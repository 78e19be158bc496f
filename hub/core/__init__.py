"""Pure rules of the hub: no IO, clock, random or framework."""
