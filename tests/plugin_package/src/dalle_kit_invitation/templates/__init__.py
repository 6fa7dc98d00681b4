"""The templates of invitations."""
