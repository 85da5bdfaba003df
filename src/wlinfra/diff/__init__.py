"""What differs between wanted, live and recorded values; pure."""
