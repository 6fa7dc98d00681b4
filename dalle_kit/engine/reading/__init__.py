"""Reading without torch: a BERT encoder, what makes memory of its vectors, and sentence vectors, all in numpy."""

from dalle_kit.engine.reading.sentences import SentenceEncoder

__all__ = ["SentenceEncoder"]
