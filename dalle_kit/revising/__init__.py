"""Revising a finished document: what is asked for changes, and everything else stays as it was."""

from dalle_kit.revising.aims import Revision, texts_of
from dalle_kit.revising.differences import word_changes
from dalle_kit.revising.kept import record_of
from dalle_kit.revising.revising import revise, revised_again
from dalle_kit.revising.wording import vocabulary

__all__ = ["Revision", "record_of", "revise", "revised_again", "texts_of", "vocabulary", "word_changes"]
