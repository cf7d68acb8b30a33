"""The host: what it is, and what makes timings on it unreliable."""
