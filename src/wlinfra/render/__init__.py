"""Plans, events and errors as text, JSON, Markdown and HTML; no decision is made here."""
