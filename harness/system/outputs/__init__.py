"""What programs computed, read within bounds and kept.

- `reading`         declared outputs as arrays, scalars, texts or bytes
- `csv_tables`      CSV files, read in parts
- `jsonpath`        values out of JSON documents
- `parquet_columns` columns of Parquet files
- `regexes`         regular expressions within bounds of time and memory
- `stored`          outputs on disk, without loss
"""
