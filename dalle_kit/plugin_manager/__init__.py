"""Plugins: finding, loading and validating them, and calling their hooks so that none can harm the others."""
