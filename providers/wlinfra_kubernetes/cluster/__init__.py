"""The way to a cluster: sign-in, requests on plain JSON, streams, what refusals mean."""
