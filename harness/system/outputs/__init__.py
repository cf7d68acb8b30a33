"""What programs computed, read within bounds and kept.

- `taking`          what a trial left, with no more imported than it takes
- `texts`           what was printed, as a text where it is one
- `reading`         declared outputs as arrays, scalars, texts or bytes
- `csv_tables`      CSV files, read in parts
- `jsonpath`        values out of JSON documents
- `parquet_columns` columns of Parquet files
- `regexes`         regular expressions within bounds of time and memory
- `stored`          outputs on disk, without loss
"""
