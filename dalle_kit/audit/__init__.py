"""Audits of what a model does: whether its texts differ with the people they are about.

Public: ``audit_bias`` runs one, ``read_report`` reads a saved one.
"""

__all__: list[str] = []
