"""Fixtures of the whole programs; the parts live in tests/support."""

from disks import read_only
from till_terminal import till_data, tmux_till

__all__ = ["read_only", "till_data", "tmux_till"]
