"""What the scenarios share: timing, the report, documents, peers and the servers they talk to."""
