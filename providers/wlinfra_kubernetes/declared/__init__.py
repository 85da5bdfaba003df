"""What people declare for this provider alone: manifests, files of them, lookups."""
