"""What a user says about the e-mail they want."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue, PrivateAttr, field_validator, model_validator

from dalle_kit import Request, option
from dalle_kit.checks import list_items, says_nothing, spelled_out
from dalle_kit_email.addresses import (
    Mailbox,
    parse_mailbox,
    parse_mailboxes,
    parse_recipients,
    reject_control_characters,
)
from dalle_kit_email.languages import LANGUAGES
from dalle_kit_email.thread import Parent, read_parent, reply_subject

Tone = Literal["neutral", "formal", "friendly", "apologetic", "persuasive", "thankful", "firm"]
Length = Literal["short", "medium", "long"]
LanguageCode = Literal["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da"]


#: Requests with little and with much in them, to show and to check templates with; the last is the most usual.
EXAMPLES: list[JsonValue] = [
    {"to": ["ana@example.com"], "subject": "Lunch"},
    {
        "reply_to": "From: Ana Ferreira <ana@example.com>\nTo: tom@example.com\nSubject: Room for Friday\n"
        "Date: Mon, 2 Nov 2026 09:00:00 +0000\nMessage-ID: <1@example.com>\n\nWhich room do we have?\n\n> From noon.\n",
        "points": ["room B12"],
        "sender": "Tom Ilves",
    },
    {
        "to": ["Ana Ferreira <ana@example.com>"],
        "subject": "Room for Friday",
        "points": ["room B12", "from 14:00"],
        "sender": "Tom Ilves",
        "address": "tom@example.com",
        "signature": "Office management",
        "tone": "friendly",
        "instruction": "Thank her for waiting.",
    },
]


class EmailRequest(Request):
    """An e-mail to write, or a reply when ``reply_to`` is given."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    to: tuple[str, ...] = Field(
        (),
        description="Recipient: name@example.com, Name <name@example.com>, or a name alone. A reply goes to the author "
        "of the message it answers when this is left out; to whom that went if it is your own.",
        json_schema_extra=option(metavar="ADDRESS"),
    )
    cc: tuple[str, ...] = Field((), description="Recipient of a copy.", json_schema_extra=option(metavar="ADDRESS"))
    bcc: tuple[str, ...] = Field(
        (), description="Recipient of a copy that the others do not see.", json_schema_extra=option(metavar="ADDRESS")
    )
    subject: str | None = Field(
        None, description="What it is about. A reply takes the subject of the message it answers.", max_length=900
    )
    points: tuple[str, ...] = Field((), description="Something the e-mail has to say.")
    sender: str | None = Field(
        None,
        description="Your name, to sign with; Name <name@example.com> gives your address as well.",
        json_schema_extra=option(metavar="NAME", identity=True),
    )
    address: str | None = Field(
        None,
        description="Your e-mail address, for the From line of an .eml draft.",
        json_schema_extra=option(metavar="ADDRESS", identity=True),
    )
    signature: str | None = Field(
        None,
        description="Lines below your name: position, telephone ...",
        json_schema_extra=option(identity=True),
    )
    tone: Tone = Field("neutral", description="How it should sound.", json_schema_extra=option(identity=True))
    length: Length = Field("medium", description="How much to write.")
    language: LanguageCode = Field(
        "en",
        description="The language of greeting and sign-off.",
        json_schema_extra=option(words={f"in {each.name}": code for code, each in LANGUAGES.items()}),
    )
    greeting: str | None = Field(
        None,
        description='The opening line, instead of "Dear ...,"; empty for none. {name} in it is the recipient.',
        json_schema_extra=option(habit="greeting"),
    )
    closing: str | None = Field(
        None,
        description='The last sentence, instead of "Please let me know if you have any questions."; empty for none.',
        json_schema_extra=option(identity=True),
    )
    sign_off: str | None = Field(
        None,
        description='The closing line, instead of "Best regards,"; empty for none.',
        json_schema_extra=option(habit="sign_off"),
    )
    instruction: str | None = Field(None, description="Anything else to tell the model.")
    reply_to: bytes | None = Field(
        None,
        description="The message to answer: its source, as saved in an .eml file.",
        json_schema_extra=option(metavar="FILE"),
    )
    quote: bool = Field(True, description="Quote the message that is answered below the reply.")

    _shown: Parent | None = PrivateAttr(None)

    @field_validator("to", "cc", "bcc", "points", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("to")
    @classmethod
    def _recipients(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(mailbox) for text in value for mailbox in parse_recipients(text))

    @field_validator("cc", "bcc")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(mailbox) for text in value for mailbox in parse_mailboxes(text))

    @field_validator("points", "signature", "greeting", "closing", "sign_off", "instruction", mode="before")
    @classmethod
    def _without_controls(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [_without_controls(each) for each in value]
        return _without_controls(value)

    @field_validator("points")
    @classmethod
    def _said_points(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        points = (spelled_out(item) for point in value for item in list_items(point))
        return tuple(point for point in points if not says_nothing(point))

    @field_validator("subject")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value:
            reject_control_characters(value)
        return value

    @field_validator("sender")
    @classmethod
    def _sender_name(cls, value: str | None) -> str | None:
        if not value:
            return None
        reject_control_characters(value)
        return str(parse_mailbox(value)) if "@" in value else value

    @field_validator("address")
    @classmethod
    def _sender_address(cls, value: str | None) -> str | None:
        return str(parse_mailbox(value)) if value else None

    @field_validator("reply_to")
    @classmethod
    def _message(cls, value: bytes | None) -> bytes | None:
        if value is not None:
            read_parent(value)
        return value

    @model_validator(mode="after")
    def _enough_to_write(self) -> EmailRequest:
        if not self.recipients:
            fix = "give at least one recipient, such as Priya Raman <priya@example.com>"
            raise ValueError(
                f"to: the message to answer has no usable From address; {fix}" if self.parent else f"to: {fix}"
            )
        if not (self.subject or self.points or self.instruction or self.parent):
            raise ValueError("subject: there is nothing to write about; give a subject, at least one point, or both")
        if self.language != "en" and not (self.points or self.instruction):
            name = LANGUAGES[self.language].name
            raise ValueError(f"points: give at least one point in {name}; sentences of its own are written in English")
        return self

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """To whom it goes: ``to``, or where the answered message wants its replies; one's own went to others."""
        if self.to or self.parent is None:
            return tuple(mailbox for text in self.to for mailbox in parse_recipients(text))
        parent = self.parent
        if self.answers_own and parent.to:
            return parent.to
        return parent.reply_to or ((parent.sender,) if parent.sender else ())

    @property
    def answers_own(self) -> bool:
        """Whether the message being answered is the sender's own, as far as the address tells."""
        own, author = self.sender_mailbox, self.parent.sender if self.parent else None
        return own is not None and author is not None and own.address.casefold() == author.address.casefold()

    @property
    def parent(self) -> Parent | None:
        """The message being answered."""
        return read_parent(self.reply_to) if self.reply_to is not None else None

    @property
    def shown_parent(self) -> Parent | None:
        """The message being answered, as far as the model is shown it."""
        return self._shown or self.parent

    @property
    def subject_line(self) -> str:
        """The subject as sent; a reply's starts with one "Re:"."""
        if self.parent is None:
            return self.subject or ""
        return reply_subject(self.subject or self.parent.subject)

    @property
    def sender_name(self) -> str:
        """The name to sign with, or ""."""
        if self.sender and "@" in self.sender:
            return parse_mailbox(self.sender).name
        return self.sender or (parse_mailbox(self.address).name if self.address else "")

    @property
    def sender_mailbox(self) -> Mailbox | None:
        """Name and address of the sender; an address in ``sender`` comes before ``address``."""
        source = self.sender if self.sender and "@" in self.sender else self.address
        if source is None:
            return None
        mailbox = parse_mailbox(source)
        return Mailbox(self.sender_name, mailbox.local, mailbox.domain)

    def with_texts(self, change: Callable[[str], str]) -> dict[str, object]:
        """Return the fields with every text changed; the answered message becomes its plain text."""
        parent = self.parent
        if parent is None:
            return super().with_texts(change)
        fields = super(EmailRequest, self.model_copy(update={"reply_to": None})).with_texts(change)
        return {**fields, "reply_to": change(parent.source).encode("utf-8")}

    def showing(self, parent: Parent) -> EmailRequest:
        """Return a copy that shows the model only ``parent`` of the answered message."""
        smaller = self.model_copy()
        smaller._shown = parent
        return smaller


def mailboxes(texts: tuple[str, ...]) -> tuple[Mailbox, ...]:
    """Read the address fields of a request, which have been validated."""
    return tuple(mailbox for text in texts for mailbox in parse_mailboxes(text))


def _without_controls(value: Any) -> Any:
    """Return a text with its line ends as they are here; raises ValueError for other control characters but tabs."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n")
    found = next((each for each in text if unicodedata.category(each) == "Cc" and each not in "\n\t"), None)
    if found is not None:
        raise ValueError(f"{text!r:.80} holds a control character (U+{ord(found):04X}); leave it out")
    return text
