"""The launcher: the small C program that starts every trial and owns its clock."""
