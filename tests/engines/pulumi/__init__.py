"""The real Pulumi CLI with its Python and YAML language hosts, offline."""
