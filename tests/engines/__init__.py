"""Real programs that tests run against: how each is obtained, started and stopped."""
