"""PURE. What devices say, byte for byte: scans, keys, frames of scales, ESC/POS. Bytes and instants in, values out."""
