"""The templates of the blog domain."""
