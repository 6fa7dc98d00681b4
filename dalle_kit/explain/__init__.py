"""What each sentence of a document rests on: fields of the request, examples, the template's words."""

from dalle_kit.explain.explaining import explain
from dalle_kit.explain.records import Cost, Explanation, Part, Sentence, Token, Weight
from dalle_kit.explain.shapley import check_orders

__all__ = ["Cost", "Explanation", "Part", "Sentence", "Token", "Weight", "check_orders", "explain"]
