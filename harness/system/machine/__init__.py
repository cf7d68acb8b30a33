"""The host: what it is, and what makes timings on it unreliable.

- `host`      the machine that a run is made on
- `diagnosis` what makes timings unreliable, and what to do about it
"""
