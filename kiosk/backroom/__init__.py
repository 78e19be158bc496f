"""Applies what comes down; no network."""
