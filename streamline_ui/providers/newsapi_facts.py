"""What News API's keys, dates and errors look like, and what the errors mean."""

from __future__ import annotations

from streamline_ui.providers.formats import Format
from streamline_ui.providers.meanings import Meaning

QUOTA = "apiKeyExhausted"
QUOTA_SECONDS = 4 * 3600.0  # requests come back as the oldest leave the last 24 hours
KEY = Format(
    r"[A-Za-z0-9]{16,64}",
    usual=r"[0-9a-f]{32}",
    says="A News API key has 32 letters and digits and no other characters.",
    warns="A News API key usually has 32 characters, 0 to 9 and a to f. Check that nothing is cut off.",
)
DATE = Format(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    says="A day such as 2026-01-31, or a time such as 2026-01-31T12:00:00.",
    like="2026-01-31",
)
MEANINGS = (
    Meaning("auth", "No key was sent to News API", "Enter the key again.", 401, "apiKeyMissing"),
    Meaning("auth", "News API has switched this key off", "See your account at newsapi.org.", 401, "apiKeyDisabled"),
    Meaning(
        "quota",
        "The requests of this News API key are used up",
        "The free plan has 100 a day; they come back within 24 hours. Ask less often, or choose a larger plan.",
        401,
        QUOTA,
    ),
    Meaning("auth", "News API does not know this key", "Copy it again from your account at newsapi.org.", 401),
    Meaning(
        "quota",
        "The requests of this News API key are used up",
        "The free plan has 100 a day; they come back within 24 hours. Ask less often, or choose a larger plan.",
        429,
        QUOTA,
    ),
    Meaning(
        "rate_limit",
        "News API asks us to wait {wait}: too many requests within a short time",
        "Nothing is lost; Streamline continues by itself.",
        429,
    ),
    Meaning(
        "quota",
        "The plan of this key does not show that many articles",
        "The free plan shows the first 100: ask for an earlier page, or narrow the search.",
        426,
    ),
    Meaning(
        "input",
        "There is nothing to search for",
        "Fill in at least one of words, sources, country, category and sites.",
        400,
        "parametersMissing",
    ),
    Meaning(
        "input",
        "Sources cannot be combined with a country or a category",
        "Leave one of them out.",
        400,
        "parametersIncompatible",
    ),
    Meaning("input", "News API takes at most 20 sources", "Name fewer.", 400, "sourcesTooMany"),
    Meaning("input", "News API does not know one of the sources", "Choose it again.", 400, "sourceDoesNotExist"),
    Meaning(
        "input",
        "News API does not accept one of the values",
        "Check the country, the dates and the words; the free plan goes back one month.",
        400,
    ),
    Meaning("server", "News API has a problem on its side", "Streamline tries again by itself.", 500),
)
SAMPLE = {
    "source": {"id": "bbc-news", "name": "BBC News"},
    "author": "Ann Writer",
    "title": "Harbour opens again",
    "description": "What is known about it.",
    "url": "https://www.bbc.co.uk/news/1",
    "urlToImage": None,
    "publishedAt": "2026-11-22T09:30:00Z",
    "content": "The harbour opens again… [+1886 chars]",
}
