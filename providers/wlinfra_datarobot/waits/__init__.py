"""What the platform's statuses mean for what waits, and why something is not there yet."""
