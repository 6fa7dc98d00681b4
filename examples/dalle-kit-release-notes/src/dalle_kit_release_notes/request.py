"""What is asked for: the log, and what the release is called."""

import datetime

from dalle_kit import Request, option
from pydantic import ConfigDict, Field, JsonValue, field_validator

from dalle_kit_release_notes.commits import read_changes

EXAMPLES: list[JsonValue] = [
    {"commits": "chore: new linter", "project": "Skyline", "release": "1.3.1"},
    {
        "commits": "feat: dark mode\nfix(login): session expires after an hour\nfeat!: drop Python 3.10\ndocs: typo",
        "project": "Skyline",
        "release": "1.4.0",
        "date": "2031-05-04",
        "sender": "Tom Ilves",
    },
]


class ReleaseNotesRequest(Request):
    """Release notes to write."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    commits: str = Field(
        description="The subjects of the commits, one a line, as 'git log --format=%s' prints them.",
        max_length=1_000_000,
        json_schema_extra=option(metavar="TEXT|@FILE|-"),
    )
    project: str = Field(description="What is released.", min_length=1)
    release: str = Field(description="The release's number or name.", min_length=1)
    date: datetime.date | None = Field(default=None, description="The day of the release, as 2031-05-04.")
    sender: str | None = Field(
        default=None,
        description="Who announces it, below an e-mail.",
        json_schema_extra=option(metavar="NAME", identity=True),
    )

    @field_validator("commits")
    @classmethod
    def _has_commits(cls, value: str) -> str:
        if not read_changes(value):
            raise ValueError("there is no commit in it; give what 'git log --format=%s' prints")
        return value
