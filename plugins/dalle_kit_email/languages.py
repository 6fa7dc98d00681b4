"""Greetings, sign-offs and "On ... wrote:" in the languages the domain knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Language:
    """How letters open and close in a language.

    ``one``, ``several`` and ``nobody`` give a greeting for each register; ``{names}`` stands for the recipients.
    ``everyone`` greets more people than one would list. ``sign_offs`` go by tone, "neutral" for those not named.
    """

    name: str
    and_: str
    one: Mapping[str, str]
    several: Mapping[str, str]
    nobody: Mapping[str, str]
    everyone: Mapping[str, str]
    sign_offs: Mapping[str, str]
    attribution: str
    attribution_undated: str


def _registers(formal: str, neutral: str, friendly: str) -> Mapping[str, str]:
    return MappingProxyType({"formal": formal, "neutral": neutral, "friendly": friendly})


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "en": Language(
            "English",
            "and",
            _registers("Dear {names},", "Dear {names},", "Hi {names},"),
            _registers("Dear {names},", "Dear {names},", "Hi {names},"),
            _registers("Dear Sir or Madam,", "Hello,", "Hi there,"),
            _registers("Dear all,", "Dear all,", "Hi everyone,"),
            {
                "neutral": "Best regards,",
                "formal": "Yours sincerely,",
                "friendly": "All the best,",
                "apologetic": "Kind regards,",
                "thankful": "With thanks,",
                "firm": "Regards,",
            },
            "On {date}, {name} wrote:",
            "{name} wrote:",
        ),
        "de": Language(
            "German",
            "und",
            _registers("Guten Tag {names},", "Guten Tag {names},", "Hallo {names},"),
            _registers("Guten Tag {names},", "Guten Tag {names},", "Hallo {names},"),
            _registers("Sehr geehrte Damen und Herren,", "Guten Tag,", "Hallo,"),
            _registers("Sehr geehrte Damen und Herren,", "Guten Tag zusammen,", "Hallo zusammen,"),
            {"neutral": "Viele Grüße", "formal": "Mit freundlichen Grüßen", "friendly": "Liebe Grüße"},
            "Am {date} schrieb {name}:",
            "{name} schrieb:",
        ),
        "fr": Language(
            "French",
            "et",
            _registers("Bonjour {names},", "Bonjour {names},", "Salut {names},"),
            _registers("Bonjour {names},", "Bonjour {names},", "Salut {names},"),
            _registers("Madame, Monsieur,", "Bonjour,", "Salut,"),
            _registers("Mesdames, Messieurs,", "Bonjour à tous,", "Salut tout le monde,"),
            {"neutral": "Cordialement,", "formal": "Sincères salutations,", "friendly": "Bien à vous,"},
            "Le {date}, {name} a écrit :",
            "{name} a écrit :",
        ),
        "es": Language(
            "Spanish",
            "y",
            _registers("Buenos días, {names}:", "Hola, {names}:", "Hola, {names}:"),
            _registers("Buenos días, {names}:", "Hola, {names}:", "Hola, {names}:"),
            _registers("A quien corresponda:", "Hola:", "Hola:"),
            _registers("Buenos días a todos:", "Hola a todos:", "Hola a todos:"),
            {"neutral": "Saludos cordiales,", "formal": "Atentamente,", "friendly": "Un saludo,"},
            "El {date}, {name} escribió:",
            "{name} escribió:",
        ),
        "it": Language(
            "Italian",
            "e",
            _registers("Gentile {names},", "Buongiorno {names},", "Ciao {names},"),
            _registers("Gentili {names},", "Buongiorno {names},", "Ciao {names},"),
            _registers("Gentili Signore e Signori,", "Buongiorno,", "Ciao,"),
            _registers("Gentili Signore e Signori,", "Buongiorno a tutti,", "Ciao a tutti,"),
            {"neutral": "Cordiali saluti,", "formal": "Distinti saluti,", "friendly": "Un caro saluto,"},
            "Il {date}, {name} ha scritto:",
            "{name} ha scritto:",
        ),
        "pt": Language(
            "Portuguese",
            "e",
            _registers("Olá, {names},", "Olá, {names},", "Oi, {names},"),
            _registers("Olá, {names},", "Olá, {names},", "Oi, {names},"),
            _registers("A quem possa interessar,", "Olá,", "Oi,"),
            _registers("Olá a todos,", "Olá a todos,", "Oi, pessoal,"),
            {"neutral": "Cumprimentos,", "formal": "Atenciosamente,", "friendly": "Um abraço,"},
            "Em {date}, {name} escreveu:",
            "{name} escreveu:",
        ),
        "nl": Language(
            "Dutch",
            "en",
            _registers("Geachte {names},", "Beste {names},", "Hoi {names},"),
            _registers("Geachte {names},", "Beste {names},", "Hoi {names},"),
            _registers("Geachte heer, mevrouw,", "Hallo,", "Hoi,"),
            _registers("Geachte dames en heren,", "Beste allemaal,", "Hoi allemaal,"),
            {"neutral": "Met vriendelijke groet,", "formal": "Hoogachtend,", "friendly": "Groetjes,"},
            "Op {date} schreef {name}:",
            "{name} schreef:",
        ),
        "pl": Language(
            "Polish",
            "i",
            # A Polish letter would decline the name and know the reader's sex, so a formal one names nobody.
            _registers("Szanowni Państwo,", "Dzień dobry,", "Cześć {names},"),
            _registers("Szanowni Państwo,", "Dzień dobry,", "Cześć {names},"),
            _registers("Szanowni Państwo,", "Dzień dobry,", "Cześć,"),
            _registers("Szanowni Państwo,", "Dzień dobry,", "Cześć wszystkim,"),
            {"neutral": "Pozdrawiam,", "formal": "Z poważaniem,", "friendly": "Serdecznie pozdrawiam,"},
            "{date}, {name} napisał(a):",
            "{name} napisał(a):",
        ),
        "sv": Language(
            "Swedish",
            "och",
            _registers("Hej {names},", "Hej {names},", "Hej {names}!"),
            _registers("Hej {names},", "Hej {names},", "Hej {names}!"),
            _registers("Hej,", "Hej,", "Hej!"),
            _registers("Hej alla,", "Hej alla,", "Hej alla!"),
            {"neutral": "Vänliga hälsningar,", "formal": "Med vänliga hälsningar,", "friendly": "Hälsningar,"},
            "Den {date} skrev {name}:",
            "{name} skrev:",
        ),
        "da": Language(
            "Danish",
            "og",
            _registers("Kære {names},", "Kære {names},", "Hej {names},"),
            _registers("Kære {names},", "Kære {names},", "Hej {names},"),
            _registers("Til rette vedkommende,", "Hej,", "Hej,"),
            _registers("Kære alle,", "Kære alle,", "Hej alle,"),
            {"neutral": "Venlig hilsen", "formal": "Med venlig hilsen", "friendly": "De bedste hilsner"},
            "Den {date} skrev {name}:",
            "{name} skrev:",
        ),
    }
)
