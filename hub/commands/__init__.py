"""The commands of ``hub``, a subject a file."""
