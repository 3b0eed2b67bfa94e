"""The table of senders: how each proves itself, names its deliveries and greets, and what a form needs to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamline_ui.providers.signing import addresses, checks, curves, deliveries, tokens
from streamline_ui.providers.signing.deliveries import Reply, in_body, in_header
from streamline_ui.providers.signing.parts import (
    BASE64,
    ED25519,
    GITLAB,
    HUBSPOT,
    LINEAR,
    NOTION,
    P256,
    SHOPIFY,
    SLACK,
    STRIPE,
    TELEGRAM,
    TEXT,
    TWILIO,
    WHSEC,
    Incoming,
    Key,
)


@dataclass(frozen=True)
class Scheme:
    """One way of signing. `secret_label` is empty where there is no secret; `options` are names of `Options` fields.

    `place` says where the sender shows the secret. `chosen_here`: the person may choose it and enters it at the sender
    too; else the sender issues it.
    """

    title: str
    sender: str
    check: checks.Check
    secret_label: str = ""
    place: str = ""
    docs_url: str = ""
    options: tuple[str, ...] = ()
    default_header: str = ""
    chosen_here: bool = False
    key: Key[Any] = TEXT
    identity: deliveries.Find = deliveries.well_known
    handshake: Callable[[Incoming], Reply | None] = deliveries.no_handshake


SCHEMES: dict[str, Scheme] = {
    "none": Scheme(
        "No check",
        "anybody",
        checks.nothing,
        place="Whoever knows the address can start this workflow.",
    ),
    "standard_webhooks": Scheme(
        "Standard Webhooks, Svix",
        "the sender",
        checks.standard_webhooks,
        "Signing secret",
        "At the sender, in the settings of the webhook endpoint: “Signing secret”, starts with whsec_.",
        "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
        key=WHSEC,
        identity=in_header("svix-id", "webhook-id"),
    ),
    "github": Scheme(
        "GitHub, Gitea, Forgejo",
        "GitHub",
        checks.github,
        "Secret",
        "In the repository: Settings → Webhooks → the webhook → “Secret”.",
        "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        chosen_here=True,
        identity=in_header("X-GitHub-Delivery", "X-Gitea-Delivery", "X-Forgejo-Delivery"),
    ),
    "stripe": Scheme(
        "Stripe",
        "Stripe",
        checks.stripe,
        "Signing secret",
        "In the Workbench: Webhooks → the destination → “Signing secret”, starts with whsec_.",
        "https://docs.stripe.com/webhooks/signature",
        key=STRIPE,
        identity=in_body("id"),
    ),
    "slack": Scheme(
        "Slack",
        "Slack",
        checks.slack,
        "Signing secret",
        "At api.slack.com/apps: the app → Basic Information → App Credentials → “Signing Secret”.",
        "https://docs.slack.dev/authentication/verifying-requests-from-slack/",
        key=SLACK,
        identity=in_body("event_id"),
        handshake=deliveries.slack_handshake,
    ),
    "twilio": Scheme(
        "Twilio",
        "Twilio",
        addresses.twilio,
        "Auth token or shared key",
        "In the Twilio Console: Account Info → “Auth Token”; with shared keys, the secret of the key.",
        "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
        key=TWILIO,
        identity=deliveries.twilio,
    ),
    "telegram": Scheme(
        "Telegram",
        "Telegram",
        tokens.telegram,
        "Secret token",
        "The secret_token that setWebhook was called with: 1 to 256 letters, digits, _ and -.",
        "https://core.telegram.org/bots/api#setwebhook",
        chosen_here=True,
        key=TELEGRAM,
        identity=in_body("update_id"),
    ),
    "discord": Scheme(
        "Discord",
        "Discord",
        curves.discord,
        "Public key",
        "In the Developer Portal: the application → General Information → “Public Key”.",
        "https://docs.discord.com/developers/events/webhook-events",
        key=ED25519,
        identity=in_body("id"),
        handshake=deliveries.discord_handshake,
    ),
    "shopify": Scheme(
        "Shopify",
        "Shopify",
        checks.shopify,
        "Client secret or signing key",
        "For webhooks of the shop: Settings → Notifications → Webhooks, below the list; for an app: its client secret.",
        "https://shopify.dev/docs/apps/build/webhooks/verify-deliveries",
        key=SHOPIFY,
        identity=in_header("X-Shopify-Webhook-Id"),
    ),
    "sendgrid": Scheme(
        "SendGrid",
        "SendGrid",
        curves.sendgrid,
        "Verification key",
        "Settings → Mail Settings → Event Webhooks → the webhook → Signature Verification → the public key.",
        "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/"
        "getting-started-event-webhook-security-features",
        key=P256,
        identity=in_header(),
    ),
    "linear": Scheme(
        "Linear",
        "Linear",
        checks.linear,
        "Signing secret",
        "In Linear: Settings → API → Webhooks → the webhook → “Signing secret”.",
        "https://linear.app/developers/webhooks",
        key=LINEAR,
        identity=in_header("Linear-Delivery"),
    ),
    "gitlab": Scheme(
        "GitLab",
        "GitLab",
        tokens.gitlab,
        "Signing token or secret token",
        "In the project: Settings → Webhooks → the webhook → “Signing token” (starts with whsec_) or “Secret token”.",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        chosen_here=True,
        key=GITLAB,
        identity=in_header("webhook-id", "Idempotency-Key"),
    ),
    "notion": Scheme(
        "Notion",
        "Notion",
        checks.notion,
        "Verification token",
        "Notion sends it in its first request to this address; enter it in the integration's Webhooks tab as well.",
        "https://developers.notion.com/reference/webhooks",
        key=NOTION,
        identity=in_body("id"),
        handshake=deliveries.notion_handshake,
    ),
    "hubspot": Scheme(
        "HubSpot",
        "HubSpot",
        addresses.hubspot,
        "Client secret",
        "In the developer account: the app → Auth → “Client secret”.",
        "https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation",
        key=HUBSPOT,
        identity=in_header(),
    ),
    "airtable": Scheme(
        "Airtable",
        "Airtable",
        checks.airtable,
        "MAC secret",
        "In the answer to the call that created the webhook: macSecretBase64. It is shown only once.",
        "https://airtable.com/developers/web/api/webhooks-overview",
        key=BASE64,
        identity=in_header(),
    ),
    "hmac": Scheme(
        "Signature in a header (HMAC)",
        "the sender",
        checks.generic_hmac,
        "Secret",
        "At the sender, in the settings of the webhook.",
        options=("header", "algorithm", "encoding", "prefix"),
        default_header=checks.DEFAULT_HEADER,
        chosen_here=True,
    ),
    "header": Scheme(
        "Token in a header",
        "the sender",
        tokens.generic_header,
        "Token",
        "Let the sender send this token in a header of its own.",
        options=("header", "prefix"),
        default_header=tokens.DEFAULT_HEADER,
        chosen_here=True,
    ),
    "basic": Scheme(
        "User name and password",
        "the sender",
        tokens.basic,
        "Password",
        "Enter the same user name and password at the sender (HTTP Basic authentication).",
        options=("username",),
        chosen_here=True,
    ),
}
