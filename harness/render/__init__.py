"""Values to tables, Markdown and JSON; pure."""
