"""Figures that other tools measured, read from their JSON: one module per format; pure."""
