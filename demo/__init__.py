"""A scripted market day on one machine."""
