"""Stored runs, files that are written whole or not at all, locks and seals."""
