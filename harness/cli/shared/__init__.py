"""What several commands share: answers, options, sessions."""
