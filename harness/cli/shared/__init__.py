"""What several commands share: answers, options, sessions.

- `base`           answers, the JSON envelope, and how errors end
- `common_options` options of several commands
- `escaping`       texts without anything that acts unseen
- `measuring`      configuration and progress of commands that measure
- `wording`        messages of the Python API in the words of the command line
- `workload`       which workload a command on a baseline means, and its lock
"""
