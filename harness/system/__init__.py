"""What touches the outside: one room within it for each thing, which no other room knows.

- `git`      the user's repository, and private ones
- `launcher` the program that starts every trial and owns its clock
- `machine`  the host and its disturbances
- `outputs`  what programs computed
- `process`  programs, calls, scratch folders
- `store`    stored runs, locks and seals
"""
