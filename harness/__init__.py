"""A multi-language benchmark harness for optimisation campaigns.

Importing this package does nothing but make its modules reachable; start reading at
`harness.model` (the values), then `harness.hookspecs` (the plugin contract).
"""

__version__ = "0.1.0"
