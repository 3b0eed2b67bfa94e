"""The panel of an incoming webhook: its address, how to call it, what came in, and who may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from components import elements, form_inputs, form_parts, hook_rules, sender_choice
from components.action_form import select
from components.editor_draft import TRIGGER, Json
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from components.hook_requests import HookRequests
from components.template_field import listen
from streamline_ui.errors import StreamlineError
from streamline_ui.providers.signatures import SCHEMES, doubt
from streamline_ui.workflows import addresses, tryouts
from streamline_ui.workflows.definitions import Definition

OPTIONS = {"header": "Header", "prefix": "Text before the signature", "username": "User name"}
CHOICES = {"algorithm": ("Algorithm", ("sha256", "sha1", "sha512")), "encoding": ("Written as", ("hex", "base64"))}
ANSWERS = (
    ("immediately", "At once", "202 with the event's number, before the first step."),
    ("last_step", "After the last step", "With what the last step gave; at most 30 s."),
)


class HookPanel:
    """`redraw` draws the whole panel anew."""

    def __init__(self, session: EditorSession, redraw: Callable[[], Any]) -> None:
        self.session, self.redraw = session, redraw
        definition = session.definition()
        self.address = addresses.of(session.workflow, definition)
        self._draw_address()
        self._draw_test()
        if self.address is not None:
            self._draw_code(self.address)
        self.requests = HookRequests(session)
        self._draw_check(definition)
        sender_choice.draw(session, self._use_example)
        self._draw_answer(definition)
        hook_rules.draw(session)
        self._draw_limit(definition)

    @property
    def trigger(self) -> Json:
        """The trigger as it is now."""
        found: Json = self.session.draft.values[TRIGGER]
        return found

    def _draw_address(self) -> None:
        with tag("div", "sl-field"):
            label = Words("Address", "sl-label", "label")
            if self.address is None:
                Words("It cannot be shown while the encryption key is missing.", "sl-help bad", "p")
                return
            with tag("div", "row sl-address"):
                with tag("div", "sl-input grow"):
                    field = tag(
                        "input", "mono", type_="text", readonly=True, defaultValue=self.address, data_testid="hook-url"
                    )
                copy = tag("button", "sl-btn primary", type_="button", data_copy=field.html_id)
                with copy:
                    elements.icon("copy")
                    Words("Copy")
            label.props["for"] = field.html_id
            Words(
                "The only address. Until the workflow is live, what you send is kept to build with, and nothing runs.",
                "sl-help",
                "div",
            )

    def _draw_code(self, address: str) -> None:
        body = json.dumps(tryouts.body_of(self.session.sample) or tryouts.EXAMPLE, ensure_ascii=False)
        body = body if len(body) < 1500 else json.dumps(tryouts.EXAMPLE, ensure_ascii=False)
        codes = {"curl": _curl(address, body), "Python": _python(address, body), "JavaScript": _script(address, body)}
        buttons: dict[str, Any] = {}
        with tag("div", "row between"):
            with tag("div", "sl-seg", role="group", aria_label="How to call it"):
                for name in codes:
                    buttons[name] = tag("button", type_="button", aria_pressed=str(name == "curl").lower())
                    with buttons[name]:
                        Words(name)
            copy = tag("button", "sl-btn sm ghost", type_="button")
            with copy:
                elements.icon("copy")
                Words("Copy")
        code = Words(codes["curl"], "sl-code folds", "pre")
        code.props.update({"tabindex": "0", "role": "region", "aria-label": "Command"})
        copy.props["data-copy"] = code.html_id

        def show(name: str) -> None:
            code.set_text(codes[name])
            for each, button in buttons.items():
                button.props["aria-pressed"] = str(each == name).lower()

        for name, button in buttons.items():
            button.on("click", lambda name=name: show(name), args=[])

    def _draw_test(self) -> None:
        with tag("div", "row wrap"):
            self.send = elements.button("Send a test request", icon="send")
            self.send.on("click", self._send, args=[])
            self.said = tag("span", "small sub", role="status")

    async def _send(self) -> None:
        elements.busy(self.send, True)
        said, tone = "Accepted: it runs now.", "ok"
        try:
            await self.session.settle()
            body = tryouts.body_of(self.session.sample) or tryouts.EXAMPLE
            await tryouts.request(self.session.workflow, body, self.session.sample.trigger.get("headers"))
        except StreamlineError as error:
            said, tone = error.message, "warn"
            if not self.session.workflow.is_active:
                said = "Kept, but not run: the workflow is off."
        if self.send.is_deleted:
            return
        elements.busy(self.send, False)
        self.said.clear()
        with self.said:
            ui.html(
                f'<span class="sl-st {tone}">{elements.icon_html("circle-check" if tone == "ok" else "info")}</span>',
                sanitize=False,
                tag="span",
            )
            Words(said)
        await self.requests.refresh()

    def _verification(self) -> Json:
        found: Json = self.trigger.setdefault("verification", {"scheme": "none"})
        return found

    def _draw_check(self, definition: Definition) -> None:
        with tag("section", "sl-panel-part", aria_label="Signature check"):
            now = self._verification()
            scheme = SCHEMES[now.get("scheme", "none")]
            select(
                "Signature check",
                [(key, each.title) for key, each in SCHEMES.items()],
                now.get("scheme", "none"),
                self._choose,
            )
            if scheme.place:
                Words(scheme.place, "small muted", "p")
            for name in scheme.options:
                if name in CHOICES:
                    title, values = CHOICES[name]
                    default = values[0]
                    select(title, [(each, each) for each in values], now.get(name, default), self._option(name))
                else:
                    self._draw_option(name, now.get(name, ""))
            if scheme.secret_label:
                self._draw_secret(now, scheme.secret_label)

    def _choose(self, scheme: str) -> None:
        default = SCHEMES[scheme].default_header if "header" in SCHEMES[scheme].options else ""
        fresh: Json = {"scheme": scheme, **({"header": default} if default else {})}

        def change() -> None:
            self.trigger.update(verification=fresh)
            self.trigger.pop("events", None)  # they are the other sender's

        self.session.change(change)
        self.redraw()

    def _use_example(self, event: str) -> None:
        self.session.show_event(event)
        elements.toast("This event is the sample now: steps pick their data from it.")

    def _option(self, name: str) -> Callable[[str], Any]:
        return lambda text: self.session.change(lambda: self._verification().update({name: text.strip()}), name)

    def _draw_option(self, name: str, value: str) -> None:
        with tag("div", "sl-field"):
            label = Words(OPTIONS.get(name, name.capitalize()), "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag("input", type_="text", defaultValue=value, **form_inputs.PRIVATE)
            label.props["for"] = field.html_id
        listen(field, self._option(name))

    def _draw_secret(self, now: Json, title: str) -> None:
        held = now.get("secret")
        with form_parts.form(self._save_secret, "sl-field"):
            label = Words(title, "sl-label", "label")
            if held:
                end = f" It ends in {held['hint']}." if held.get("hint") else ""
                Words(f"One is kept.{end} Enter another to replace it.", "small muted", "p")
            with tag("div", "row"):
                with tag("div", "grow"):
                    field = form_inputs.secret(title, name="secret")
                elements.button("Keep", submits=True)
            label.props["for"] = field.html_id
            self.secret_note = tag("div", "sl-help", role="status")
            Words("Stored encrypted, and used from now on.", "sl-help", "div")

    def _save_secret(self, typed: dict[str, str]) -> None:
        secret = typed.get("secret", "").strip()
        complaint = doubt(self._verification().get("scheme", "none"), secret)
        self.secret_note.clear()
        with self.secret_note:
            Words(complaint or "Kept.", "bad" if complaint else "ok")
        if not complaint:
            self.session.enter_secret(secret)

    def _draw_answer(self, definition: Definition) -> None:
        current = self.trigger.get("response", "immediately")
        with tag("fieldset", "sl-options sl-panel-part"):
            Words("Answer", "sl-label", "legend")
            for value, title, sentence in ANSWERS:
                with tag("label", "sl-opt"):
                    radio = tag("input", "sl-radio-input", type_="radio", name="response", value=value)
                    radio.props["defaultChecked"] = value == current
                    radio.on("change", lambda value=value: self._answer(value), args=[])
                    with tag("span", "grow"):
                        Words(title, "b")
                        Words(sentence, "small sub block")

    def _answer(self, value: str) -> None:
        self.session.change(lambda: self.trigger.update(response=value))

    def _draw_limit(self, definition: Definition) -> None:
        current = definition.settings.rate_per_minute
        with tag("div", "sl-field"):
            label = Words("Requests per minute, at most", "sl-label", "label")
            with tag("div", "sl-input"):
                field = tag(
                    "input",
                    type_="text",
                    inputmode="numeric",
                    placeholder="No limit",
                    defaultValue=str(current or ""),
                    autocomplete="off",
                )
            label.props["for"] = field.html_id
        listen(field, self._limit)

    def _limit(self, text: str) -> None:
        number = int(text) if text.strip().isdecimal() and len(text) < 7 else None

        def change() -> None:
            settings = self.session.draft.values.setdefault("settings", {})
            settings.pop("ratePerMinute", None)
            if number and number <= 100_000:
                settings["ratePerMinute"] = number

        self.session.change(change, "rate")


def _curl(address: str, body: str) -> str:
    quoted = body.replace("'", "'\\''")
    return f"curl -X POST '{address}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"


def _python(address: str, body: str) -> str:
    return f"import httpx\n\nhttpx.post(\n    {address!r},\n    json={json.loads(body)!r},\n)"


def _script(address: str, body: str) -> str:
    return (
        f"await fetch({json.dumps(address)}, {{\n  method: 'POST',\n"
        f"  headers: {{'Content-Type': 'application/json'}},\n  body: JSON.stringify({body}),\n}});"
    )
