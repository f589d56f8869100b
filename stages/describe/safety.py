"""What is refused: real persons, nudity, children; each in one sentence."""

from __future__ import annotations

from assets.errors import Finding, SpecError
from stages.describe.vocabulary import MIN_AGE
from stages.describe.wishes import Wishes


def check_text(plain: str, text: str, wishes: Wishes) -> None:
    """Raises SpecError for what is refused."""
    if wishes.age and wishes.age[1] < MIN_AGE:
        claim = wishes.values["age"]
        message = f"the description asks for an age of {wishes.age[0]}, and people are {MIN_AGE} to 90 years old so far"
        raise SpecError(Finding("describe/child", message, fix=f"describe an adult of {MIN_AGE} or more", value=claim.value))
