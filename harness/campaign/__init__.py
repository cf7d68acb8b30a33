"""The optimisation campaign as values: events, state, gates, logs; pure."""
