"""The mutating calls of the API, one object each."""
