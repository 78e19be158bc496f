"""Pin map, ports, drivers and their simulated twins."""
