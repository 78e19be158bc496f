"""What kiosk and hub must agree on, byte for byte.

Pure: values, facts, codec, batches, stock arithmetic. It knows no clock, no file, no network; msgspec is its one
dependency. Read in this order: ``values``, ``money``, ``facts``, ``envelope``, ``codec``, ``batch``, ``stock``.
"""
