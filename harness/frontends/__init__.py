"""Where people work: thin front ends over the API, which measure nothing in a way of their own.

- `scripts`        scripts in Python as targets
- `callables`      Python functions as targets, each in fresh interpreters
- `in_process`     the same within one process, where that is asked for
- `pytest_plugin`  the fixture `harness`
- `notebook`       `%harness` and `%%harness`
"""
