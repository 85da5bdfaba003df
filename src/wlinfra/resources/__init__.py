"""What users declare: typed, frozen values that are checked when they are created."""
