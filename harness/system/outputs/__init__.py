"""What programs computed, read within bounds and kept."""
