"""Programs and processes: scratch folders, calls, trials, and what they leave behind.

- `opening`      opens the runner that the core works with
- `runner`       the Runner that adapters are handed
- `programs`     finds the program behind a name
- `calling`      calls a program to its end
- `execution`    one execution of a target, by the launcher
- `executed`     the content of what a build executes
- `given`        the digest of what a target is given besides its build
- `own_figures`  the figures that a target reports of itself
- `scratch`      scratch folders
- `trial_folder` the folder of one trial
- `trees`        walks and removes folders that a program has left
- `passing`      private folders that are removed after a call
- `places`       folders outside of the project
- `descent`      process trees, and how they are ended
- `scrubbed`     failures that follow from a variable that was not passed on
"""
