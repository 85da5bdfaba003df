"""What users declare: typed, frozen values that are checked while they are made."""
