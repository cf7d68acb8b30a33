"""The metric plugins that come with the harness: each is what a third party would write."""
