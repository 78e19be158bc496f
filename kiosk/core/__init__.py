"""Pure rules of the counter: no IO, clock, random or framework."""
