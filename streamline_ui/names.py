"""What people call things: a name that shows as it is written, in every list, log and sentence."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100

# They change how what follows is read, or make two names look the same.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def problem(name: str) -> str | None:
    """What is wrong with a name, as a sentence, or None. Whether there has to be one is for its owner to say."""
    if len(name) > LONGEST:
        return f"The name is longer than {LONGEST} characters."
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        return "The name has control characters in it."
    if _INVISIBLE.search(name):
        return "The name has invisible characters in it."
    return None
