"""The only modules that touch the outside, one module an outside thing."""
