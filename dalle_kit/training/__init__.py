"""Training adapters on the domains' corpora; needs the extra ``dalle-kit[train]``."""
