"""The cheat suite: what makes programs look faster than they are, tried as an agent would.

- `told`           kinds, results, projects, what commands said: TechniqueKind, Result, Tried
- `workshop`       the checkout that a technique works on, and where it may put things
- `techniques`     one way to seem faster: Technique
- `projects`       the tiny programs that are made faster, or seem to be
- `answers`        what an agent can know before it writes a program
- `changing`       changes of a project's program
- `callers`        the harness's own commands, called in forks or in processes of their own
- `playgrounds`    a project with a campaign that waits for a change, put back for each technique
- `playing`        one technique, from the change to the log, and further where it goes further
- `classifying`    blocked, flagged, silent or not applicable, and what said so
- `suite`          techniques one after the other
- `tabling`        the table and the totals
- `outsiders`      other memories, and other signs of who is asking
- `memories`       objects of the kernel, shared files, and what stays alive
- `left_behind`    memories that are reached by other ways
- `circumstances`  variables, signals, links, and other signs of who is asking
- `elsewhere`      code outside of the tree, work before main, shared code that is poisoned
- `combined`       several techniques at once
- `all_techniques` all techniques by kind, and the honest changes

One module for each kind of technique has their programs. All of them work on projects in a
temporary folder; nothing of this machine is changed (where there is no jail, the times of
`/dev/null` are), and what a technique leaves elsewhere has a name of its own and is taken away.
"""
