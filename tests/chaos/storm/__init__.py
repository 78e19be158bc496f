"""Selling kiosks, a broker and a hub under everything that goes wrong: kills, cuts, full disks, wrong clocks."""
