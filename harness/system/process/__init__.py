"""Programs and processes: scratch folders, calls, trials, and what they leave behind."""
