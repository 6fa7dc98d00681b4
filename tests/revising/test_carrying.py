"""What stays of a document when its request changes."""

from typing import Annotated, Any

import pytest
from pydantic import Field, create_model

from dalle_kit import Domain, Request, Skeleton, Slot
from dalle_kit.revising.carrying import points_field

Text = Annotated[str, Field(min_length=1)]


@pytest.mark.parametrize("kind", [tuple[str, ...], tuple[Text, ...], list[str], list[Text], tuple[Text, ...] | None])
def test_the_points_of_a_domain_are_found_in_whatever_list_of_texts_they_are(kind: Any) -> None:
    fields = {"title": (str, Field(description="T")), "faults": (kind, Field(description="F"))}
    domain = Domain(
        name="complaint",
        summary="Write a complaint",
        request=create_model("Complaint", __base__=Request, **fields),  # type: ignore[call-overload]
        templates="complaint.templates",
        formats=(),
    )

    def shape(request: Any) -> Skeleton:
        return Skeleton(tuple(Slot(f"fault_{n}", about=(each,)) for n, each in enumerate(request.faults)))

    given = {"title": "Kettle", "faults": ["the handle leaks"]}
    assert points_field(domain, domain.parse(given), given, shape) == "faults"
