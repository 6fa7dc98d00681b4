"""The templates of the domain ``code function``."""
