"""The templates of the e-mail domain."""
