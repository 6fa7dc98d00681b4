"""What a text promises and keeps: nothing unsupported, nothing missing, nothing misquoted, nothing out of form."""

from dalle_kit.checks.completing import completed
from dalle_kit.checks.consistency import consistency
from dalle_kit.checks.contradictions import contradictions
from dalle_kit.checks.coverage import Similarity, coverage, missing
from dalle_kit.checks.event_reader import asks_reader
from dalle_kit.checks.facts import Fact, find_facts
from dalle_kit.checks.form import DANGLING, PLACEHOLDER, ends_well, form, is_chatter, placeholders
from dalle_kit.checks.grounding import Source, unsupported
from dalle_kit.checks.invention import invented
from dalle_kit.checks.notes import capitalised, has_picture, list_items, plain_sentence, says_nothing
from dalle_kit.checks.own_words import adds_words, mixes_parts
from dalle_kit.checks.parser import NameFinder, load_name_finder
from dalle_kit.checks.placement import borrowed, misplaced
from dalle_kit.checks.quotes import altered_quotes
from dalle_kit.checks.sentences import (
    Paragraph,
    TextLine,
    all_sentences,
    is_finished,
    join_text,
    keep_sentences,
    read_line,
    same_words,
    split_sentences,
    split_text,
)
from dalle_kit.checks.short_forms import spelled_out
from dalle_kit.checks.whole_notes import is_sentence
from dalle_kit.checks.words import content_words, key_words, stem

__all__ = [
    "DANGLING",
    "PLACEHOLDER",
    "Fact",
    "NameFinder",
    "Paragraph",
    "Similarity",
    "Source",
    "TextLine",
    "adds_words",
    "all_sentences",
    "altered_quotes",
    "asks_reader",
    "borrowed",
    "capitalised",
    "completed",
    "consistency",
    "content_words",
    "contradictions",
    "coverage",
    "ends_well",
    "find_facts",
    "form",
    "has_picture",
    "invented",
    "is_chatter",
    "is_finished",
    "is_sentence",
    "join_text",
    "keep_sentences",
    "key_words",
    "list_items",
    "load_name_finder",
    "misplaced",
    "missing",
    "mixes_parts",
    "placeholders",
    "plain_sentence",
    "read_line",
    "same_words",
    "says_nothing",
    "spelled_out",
    "split_sentences",
    "split_text",
    "stem",
    "unsupported",
]
