"""Shipped simulated twins, one for every driver: for the demo, for training, and as the other end of a real driver.

A twin in memory stands for driver and device. A machine is the device alone, which speaks bytes: ``ends`` puts it
behind a pseudo terminal, a pipe or a network port, so that the real driver is tried against it.
"""
