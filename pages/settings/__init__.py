"""The settings, one file per address."""

from pages.settings import about, alerts, diagnostics, encryption, profile, sign_ins, tokens, users

__all__ = ["about", "alerts", "diagnostics", "encryption", "profile", "sign_ins", "tokens", "users"]
