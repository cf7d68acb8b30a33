"""The only room that touches the outside: one room within it for each outside thing."""
