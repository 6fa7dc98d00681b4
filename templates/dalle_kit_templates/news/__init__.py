"""The templates of the news domain."""
