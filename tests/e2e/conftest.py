"""Fixtures of the whole programs; the parts live in tests/support."""

from disks import read_only
from till_shop import shop_till
from till_terminal import till_data, tmux_till

__all__ = ["read_only", "shop_till", "till_data", "tmux_till"]
