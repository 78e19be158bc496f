"""The hub's JSON API: what the books say, read only, in bounded pages. Loopback unless told otherwise."""
