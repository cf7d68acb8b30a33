"""The commands of a campaign, one module for each."""
