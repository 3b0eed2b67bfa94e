"""The settings, one file per address."""

from pages.settings import about, encryption, profile, sign_ins, tokens, users

__all__ = ["about", "encryption", "profile", "sign_ins", "tokens", "users"]
