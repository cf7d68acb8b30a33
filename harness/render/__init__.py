"""Values to tables, Markdown and JSON; pure.

- `bench`      the tables of a bench
- `explaining` a comparison in words
- `exporters`  the formats in which a run is written to a file
- `profile`    the tables of a profile
- `tables`     measurements, phases and comparisons as tables
- `units`      times, sizes and ratios with as many digits as they deserve
"""
