from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit import Domain, Draft, Skeleton, Slot
from dalle_kit_email.request import EmailRequest

Finished = Callable[..., str]
Ask = Callable[..., EmailRequest]

BODY = "The review is on Thursday at 14:00 in room B12. Please bring your figures."


@pytest.mark.parametrize(
    "written",
    [
        BODY,
        f"Dear Priya,\n\n{BODY}",
        f"Dear Priya Raman,\n{BODY}",
        f"Hi Priya, {BODY[0].lower()}{BODY[1:]}",
        f"Hello everyone!\n\n{BODY}",
        f"Good morning, {BODY}",
        f"Dear [Recipient's Name],\n\n{BODY}",
        f"Priya,\n\n{BODY}",
        f"Dear Priya,\n\nDear Priya,\n\n{BODY}",
        f"{BODY}\n\nBest regards,\nTom",
        f"{BODY}\n\nBest regards,\n\n[Your Name]\n[Your Position]",
        f"{BODY}\n\nSincerely,\nTom\n\nDear Tom,\n\nThank you.",
        f"{BODY} Best regards, Tom",
        f"{BODY} Kind regards,\nTom",
        f"{BODY}\n\nThanks,\nTom",
        f"{BODY}\n\nTom",
        f"{BODY}\n- Tom",
        f"Subject: Review\n\n{BODY}",
        f"**Subject:** Review\n\nDear Priya,\n\n{BODY}",
        f"To: Priya\nFrom: Tom\nSubject: Review\n\n{BODY}",
        f"Body: {BODY}",
        f"Sure, here is the email:\n\n{BODY}",
        f"Sure! Here's a draft of the email:\n\nSubject: Review\n\nHi Priya,\n\n{BODY}",
        f"Certainly!\n\n{BODY}",
        f"Write an email to Priya about the review.\n\n{BODY}",
        f"```\n{BODY}\n```",
        f"# Review\n\n{BODY}".replace("# Review\n\n", ""),
        BODY.replace("Thursday", "**Thursday**").replace("B12", "*B12*"),
        f'"{BODY}"',
        f"{BODY}<|im_end|>",
        f"{BODY} Let me know if",
        f"{BODY} I look forward to hearing from [Name] soon.",
        f"{BODY} Call me at <phone number>. Or write to {{email}}.",
        f"{BODY} I am Your Name from Company Name.",
        f"{BODY} {BODY}",
        f"{BODY}\n\nPlease bring your figures!",
        f"{BODY} Feel free to edit this email as you like.",
        f"{BODY}\n\n[Note: replace the placeholders in this email.]",
        f"{BODY}\n\n---\n",
        f"  {BODY}  \n\n\n",
    ],
)
def test_only_the_body_stays(finished: Finished, written: str) -> None:
    assert finished(written) == BODY


@pytest.mark.parametrize(
    "body",
    [
        "Dr. Lee will join at 14.30, e.g. by phone. See https://example.com/a_b_c.",
        "Thank you for your patience. Thank you.",
        "Hello is the name of the room. Dear as it is, we take it.",
        "Best regards from the whole team go to you too.",
        "First paragraph.\n\nSecond paragraph.\nA second line.",
        "The details:\n\n- Date: Thursday\n- Time: 14:00\n- Room: B12",
        "1. Come at 14:00.\n2. Bring cake.",
        "See you there! 🎉",
        "Is 5 * 3 * 2 right? And x < y > z.",
        "Re the room: it is B12.",
        "Here is the draft of the report.",
        "Let me know if you would like to change the date.",
        "Tom will be there.",
        "Priya, Tom and Ana will come.",
        "Of course you may bring Ana.",
    ],
)
def test_good_prose_is_left_alone(finished: Finished, body: str) -> None:
    assert finished(body) == body


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("The meeting has moved to Thursday", "The meeting has moved to Thursday."),
        ("The meeting has moved to Thursday and the", "The meeting has moved to Thursday."),
        ("We meet at 14:00 with [Name].", "We meet at 14:00."),
        ("We meet at 14:00 in room B12 ([Location]).", "We meet at 14:00 in room B12."),
        ("I will present the new plan with [Name].", "I will present the new plan."),
        ("Good news. The details are as follows:", "Good news."),
        ("[Name]", ""),
        ("Best regards,\nTom", ""),
        ("", ""),
        ("One.\n\nOne.\n\n- One.\n- Two.", "One.\n\n- Two."),
    ],
)
def test_the_smallest_thing_goes_that_leaves_good_prose(finished: Finished, written: str, body: str) -> None:
    assert finished(written) == body


def test_what_the_user_wrote_in_brackets_is_no_placeholder(finished: Finished) -> None:
    body = "Please read [RFC 5322] and {config}."
    assert finished(body, points=["read [RFC 5322]", "and {config}"]) == body
    assert finished(body) == ""


def test_the_signature_is_not_written_twice(finished: Finished) -> None:
    assert finished(f"{BODY}\n\nTom Lee\nHead of Finance", sender="Tom Lee", signature="Head of Finance") == BODY


def test_a_greeting_in_the_language_of_the_letter_goes(finished: Finished) -> None:
    assert finished("Liebe Priya,\n\ndas Treffen ist um 14:00.\n\nViele Grüße\nTom", language="de") == (
        "Das Treffen ist um 14:00."
    )


def test_a_reply_does_not_echo_the_message_or_the_instruction(
    email_domain: Domain, draft: Callable[..., Draft]
) -> None:
    request = email_domain.parse(
        {
            "reply_to": "From: Ana <ana@example.com>\nSubject: Slides\n\nCan you send the slides today?\n",
            "instruction": "Say yes, but only tomorrow.",
        }
    )
    written = "Can you send the slides today? Say yes, but only tomorrow. I will send them tomorrow."
    assert email_domain.finish(request, draft(written)).texts["body"] == "I will send them tomorrow."


def test_a_sentence_is_not_repeated_in_another_slot(email_domain: Domain, ask: Ask) -> None:
    skeleton = Skeleton(("Dear Priya,\n\n", Slot("point1"), " ", Slot("point2"), "\n\n", Slot("closing"), "\n\nTom\n"))
    texts = {"point1": "It is on Thursday.", "point2": "It is on Thursday. Room B12.", "closing": "It is on Thursday!"}
    result = email_domain.finish(ask(), Draft(skeleton, texts))
    assert result.texts == {"point1": "It is on Thursday.", "point2": "Room B12.", "closing": ""}


def test_a_slot_within_a_line_needs_no_end_and_no_capital(email_domain: Domain, ask: Ask) -> None:
    skeleton = Skeleton(("We meet ", Slot("when"), ", as agreed.\n\nThe points are ", Slot("what"), "\n"))
    result = email_domain.finish(ask(), Draft(skeleton, {"when": "on Thursday at", "what": "these"}))
    assert result.texts == {"when": "on Thursday at", "what": "these."}


def test_a_colon_may_end_a_slot_before_a_list(email_domain: Domain, ask: Ask) -> None:
    skeleton = Skeleton((Slot("opening"), "\n\n- room B12\n"))
    result = email_domain.finish(ask(), Draft(skeleton, {"opening": "Please note the following:"}))
    assert result.texts["opening"] == "Please note the following:"


PIECES = st.lists(
    st.sampled_from(
        [
            "Dear Priya,",
            "Hi Priya, ",
            "Best regards,",
            "Tom",
            "[Your Name]",
            "[Name]",
            "{x}",
            "<name>",
            "Your Name",
            "\n",
            "\n\n",
            "We meet at 14:00.",
            "We meet",
            "with",
            "and the",
            "Subject: x",
            "Sure, here is the email:",
            "**",
            "*",
            "- ",
            "1. ",
            "```",
            '"',
            "Thanks,",
            "Thank you.",
            "[a](b)",
            "(",
            ")",
            ":",
            "XX/XX",
            "<|im_end|>",
            "Body:",
            "#",
            "Priya,",
            "Dr.",
            "of Thursday",
        ]
    ),
    max_size=14,
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(PIECES | st.text(max_size=120))
def test_finishing_twice_changes_nothing_and_leaves_no_placeholder(
    email_domain: Domain, ask: Ask, draft: Callable[..., Draft], written: str
) -> None:
    request = ask()
    once = email_domain.finish(request, draft(written))
    assert email_domain.finish(request, once) == once
    forbidden = {"placeholder", "second greeting", "second sign-off", "repeated sentence", "unfinished sentence"}
    assert not forbidden & {finding.check for finding in email_domain.check(request, once)}
    assert (once.skeleton, list(once.texts)) == (draft(written).skeleton, ["body"])
