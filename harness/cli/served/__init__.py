"""The commands served to agents, by the Model Context Protocol.

- `tools`          every command as a tool: its schema, and the words that call it
- `small_answers`  a command's envelope, small and harmless; the whole is kept in a file
- `tool_words`     what commands say to people, in the words of tools
- `children`       one call of a tool: a child process, with progress and an end before its time
- `child`          that process, which does not outlive its server
- `server`         the SDK's server over both
- `standard_streams`  the server over standard input and output, and the signals that end it
- `loopback`       the server over HTTP, for this machine alone
"""
