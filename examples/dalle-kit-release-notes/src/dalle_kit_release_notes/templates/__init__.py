"""The templates of release notes."""
