"""What is recorded: the state of one stack in one environment, with its lock, journal and history."""
