"""What must happen to one object, and the default way to decide it."""
