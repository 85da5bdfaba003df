"""What must happen to one object, by the cluster's own dry run."""
