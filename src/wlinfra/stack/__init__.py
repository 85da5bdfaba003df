"""The program around the resources: stack, environments, settings, secrets, and how they become a declaration."""
