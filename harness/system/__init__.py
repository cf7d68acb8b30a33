"""What touches the outside: one room within it for each thing, which no other room knows."""
