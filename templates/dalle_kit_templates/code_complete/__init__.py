"""The templates of the domain ``code complete``."""
