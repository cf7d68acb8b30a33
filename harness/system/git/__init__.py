"""Git, called as a program by this room alone."""
