"""The proposers that come with the harness; registered as a third party's would be.

- `agent`    any command that is told on standard input what to do, and edits files
- `flags`    flags of the compiler or interpreter, one after the other; needs no model
- `patches`  a folder of patches with their thoughts; needs no model
"""
