"""Building a plan: expand, read, ask each provider, guard, order; approvals and what they cover."""
