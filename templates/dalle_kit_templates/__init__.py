"""The templates of the built-in domains."""
