"""The pure statistics: estimates, comparison, sequential stopping, steady state."""
