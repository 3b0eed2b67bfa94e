"""What went wrong on the way out, as sentences that name the host and nothing else of the address.

Paths and queries of a URL can be secrets (a Discord webhook, a Telegram bot), and so can what libraries write into
their own messages; hence none of their texts is taken over.
"""

from __future__ import annotations

import errno
import ssl

import aiohttp

from streamline_ui.errors import Rejected, StreamlineError, Unavailable
from streamline_ui.net.addresses import Verdict

# OpenSSL's numbers for why a certificate was refused (X509_V_ERR_...).
_CERTIFICATE_REASONS = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "its authority is not one this machine knows",
    20: "its authority is not one this machine knows",
    21: "its authority is not one this machine knows",
    62: "it is for another name",
    64: "it is for another address",
}


def refused(host: str, port: int, verdict: Verdict) -> Rejected:
    """The policy forbids this destination."""
    if verdict == "own":
        shown = f"[{host}]" if ":" in host else host
        return Rejected(
            f"{shown}:{port} is Streamline itself, which it does not call.",
            hints=["Start the workflow directly instead."],
            code="net.private",
        )
    if verdict == "never":
        return Rejected(
            f"{host} is a reserved address (such as a cloud machine's own credentials), which is never called.",
            code="net.private",
        )
    return Rejected(
        f"{host} is inside your network, where Streamline calls only what its owner has allowed.",
        hints=[f"To allow it, start Streamline with STREAMLINE_EGRESS_ALLOW={_in_rule(host)}:{port}."],
        code="net.private",
    )


def _in_rule(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def unknown_host(host: str) -> Unavailable:
    return Unavailable(f"{host} was not found. Is the address right, and does this machine have DNS?", code="net.dns")


def silent_dns(host: str, seconds: float) -> Unavailable:
    return Unavailable(
        f"The name server did not say within {seconds:g} s where {host} is.",
        hints=["Check that this machine has DNS."],
        code="net.dns",
    )


def silent(host: str, seconds: float, *, unclear: bool) -> Unavailable:
    return Unavailable(f"{host} did not answer within {seconds:g} s.", unclear=unclear, code="net.timeout")


def closed(host: str, port: int) -> Unavailable:
    return Unavailable(
        f"{host}:{port} refuses connections. The service may be down.",
        hints=['Inside Docker, "localhost" is the container: use the host\'s name.'],
        code="net.refused",
    )


def unreachable(host: str, port: int) -> Unavailable:
    return Unavailable(
        f"{host}:{port} cannot be reached.",
        hints=["Is this machine connected to the network that the service is in?"],
        code="net.refused",
    )


def untrusted(host: str, reason: str) -> Rejected:
    return Rejected(
        f"The certificate of {host} is not trusted ({reason}).",
        hints=["For an authority of your own, start Streamline with SSL_CERT_FILE naming its certificate."],
        code="net.tls",
    )


def no_tls(host: str) -> Unavailable:
    return Unavailable(
        f"No secure connection to {host} could be agreed on.",
        hints=["Does the service speak https on this port?"],
        code="net.tls",
    )


def broken(host: str, *, unclear: bool) -> Unavailable:
    return Unavailable(f"{host} broke the connection off.", unclear=unclear, code="net.broken")


def garbled(host: str, *, unclear: bool) -> Unavailable:
    return Unavailable(f"{host} answered with something that is not HTTP.", unclear=unclear, code="net.garbled")


def too_big(host: str, limit: int) -> Rejected:
    return Rejected(f"{host} sent more than {limit / 1_000_000:g} MB.", code="net.size")


def odd_encoding(host: str) -> Rejected:
    return Rejected(f"{host} compressed its answer in a way that was not asked for.", code="net.encoding")


def bad_url(sentence: str) -> Rejected:
    return Rejected(sentence, code="net.address")


def unsendable() -> Rejected:
    return Rejected("A header has a character in it that HTTP cannot carry.", code="net.header")


def elsewhere(service: str, host: str) -> Rejected:
    return Rejected(f"{service}'s credentials are not for {host}, so nothing was sent there.", code="net.origin")


def led_away(host: str, other: str) -> Rejected:
    return Rejected(f"{host} sends this request on to {other}, which was not followed.", code="net.redirect")


def bad_redirect(host: str) -> Rejected:
    return Rejected(f"{host} sends this request on to an address that cannot be used.", code="net.redirect")


def downgrade(host: str) -> Rejected:
    return Rejected(f"{host} sends this request on from https to http, which was not followed.", code="net.redirect")


def endless(host: str) -> Rejected:
    return Rejected(f"{host} sends this request on again and again.", code="net.redirect")


def stopping() -> Unavailable:
    return Unavailable("Streamline is stopping.", code="net.stopping")


def translate(
    error: BaseException, host: str, port: int, *, seconds: float, unclear: bool, verdict: Verdict | None
) -> StreamlineError | None:
    """Our own error for one of aiohttp's or the system's, or None for what is no failure of the network."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return _translate_connecting(error, host, port, verdict)
    if isinstance(error, ssl.SSLError):
        return _translate_tls(error, host)
    if isinstance(error, aiohttp.ConnectionTimeoutError | TimeoutError):
        return silent(host, seconds, unclear=unclear and not isinstance(error, aiohttp.ConnectionTimeoutError))
    if isinstance(error, aiohttp.ClientResponseError):
        return garbled(host, unclear=unclear)
    if isinstance(error, ValueError | aiohttp.NonHttpUrlClientError):
        return _translate_input(error)
    return broken(host, unclear=unclear) if isinstance(error, aiohttp.ClientError | OSError) else None


def _translate_connecting(
    error: aiohttp.ClientConnectorError, host: str, port: int, verdict: Verdict | None
) -> StreamlineError:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    if verdict is not None:
        return refused(host, port, verdict)
    if isinstance(cause, ssl.SSLError):
        return _translate_tls(cause, host)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return unknown_host(host)
    return closed(host, port) if error.os_error.errno == errno.ECONNREFUSED else unreachable(host, port)


def _translate_tls(error: ssl.SSLError, host: str) -> StreamlineError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(host, _CERTIFICATE_REASONS.get(error.verify_code, "it cannot be verified"))
    return no_tls(host)


def _translate_input(error: Exception) -> StreamlineError:
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return bad_url("The address has no usable host.")
    return unsendable()  # what aiohttp says of line breaks in a header
