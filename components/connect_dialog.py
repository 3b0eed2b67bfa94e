"""The dialog in which a service is connected, or a connection changed: fill in, test and save in one go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui
from nicegui.element import Element

from components import buttons, connect_subject, connection_words, demo, elements, entered, form_parts, mode_choice
from components.connect_buttons import ConnectButtons
from components.connect_subject import GRANT, Subject, check_client, draw_name, is_folded, sign_in_words, signs_in_first
from components.entered import Verdict
from components.form_fields import FormField
from components.form_parts import tag
from components.guide import Guide
from components.mode_choice import ModeChoice
from components.outcome_note import OutcomeNote
from components.schema_form import SchemaForm
from components.sign_in import SignIn
from components.window import Window
from streamline_ui.errors import Invalid, StreamlineError
from streamline_ui.integrations import connections, oauth_drafts
from streamline_ui.integrations.health import Outcome
from streamline_ui.integrations.oauth_sign_in import Result
from streamline_ui.providers import named
from streamline_ui.providers.describe import Provider
from streamline_ui.providers.paste import Recognised
from streamline_ui.storage.models import Integration, Status


class ConnectDialog:
    """One for a page. `saved` is called with the connection and whether it is new, after it was saved."""

    def __init__(self, user_id: str, saved: Callable[[Integration, bool], Any]) -> None:
        self.user_id = user_id
        self.saved = saved
        self.window = Window(wide=True)
        self.subject: Subject | None = None
        self.is_busy = False
        self.is_draft = False  # what it is about was saved only so that somebody can sign in for it
        self.window.dialog.on("hide", self._went_away, args=[])
        self.slot = ui.context.slot  # the page's, where things may be put once the dialog has gone
        self.sign_in = SignIn(user_id, self._signed_in)
        ui.timer(oauth_drafts.HOLD_SECONDS, self._hold)

    async def connect(self, type_name: str, carried: Mapping[str, str] | None = None) -> None:
        """Open it for a new connection; `carried` are values that the user has pasted elsewhere, by field."""
        provider = named(type_name)
        name = await asyncio.to_thread(connections.free_name, self.user_id, provider.name)
        self._open(Subject(provider, None, name))
        for field, value in (carried or {}).items():
            if (filled := self.form.carry(field, value)) is not None:
                self._entered(filled, value)
            if filled is None or field in self.folded_names:
                self.folded.props["open"] = True

    async def edit(self, integration_id: str, *, replace: bool = False, unfold: bool = False) -> None:
        """Open it for a connection; with `replace`, ready for a new secret, with `unfold`, for another address."""
        row = await asyncio.to_thread(connections.one, self.user_id, integration_id)
        self._open(Subject(named(row.type), row, row.name))
        await self._hold()
        if replace:
            self.form.replace_first()
        elif unfold:
            self.folded.props["open"] = True
            if "baseUrl" in self.form.inputs:
                form_parts.focus(self.form.inputs["baseUrl"])

    async def mend(self, integration_id: str) -> None:
        """Open it where a broken connection is mended: at the service's sign-in, at its secret, or at its address."""
        row = await asyncio.to_thread(connections.one, self.user_id, integration_id)
        wants_secret, is_waiting = connection_words.wants_secret(row), row.status == Status.WAITING_FOR_SIGN_IN
        await self.edit(integration_id, replace=wants_secret, unfold=not (wants_secret or is_waiting))
        if is_waiting:
            await self._do(self._sign_in_again)
        else:
            self.sign_in.end()  # it may have opened for what was true a moment ago

    def _open(self, subject: Subject) -> None:
        self.subject = subject
        self.is_busy = self.is_draft = False
        self.verdicts: dict[str, Verdict] = {}
        provider = subject.provider
        shown = json.loads(subject.row.config_view) if subject.row else None
        self.form = SchemaForm(provider.config, shown=shown, entered=self._entered)
        self.window.card.clear()
        with self.window.card:
            title = f"Edit {subject.name}" if subject.row else f"Connect {provider.name}"
            self.window.header(title, provider.purpose, lambda: elements.brand(provider))
            with form_parts.form(self._test_and_save, "sl-connect") as form:
                form.props["data-opens"] = f"fix={subject.row.id}" if subject.row else f"connect={provider.type}"
                with tag("div", "sl-connect-body"):
                    self._draw_guide(provider)
                    with tag("div", "sl-connect-fields"):
                        self._draw_fields(subject)
                self.buttons = ConnectButtons(
                    form,
                    self.window,
                    anyway=self._save_anyway,
                    again=self._test,
                    sign_in=self._save_and_sign_in if provider.sign_in else None,
                    words=sign_in_words(subject),
                    is_first=signs_in_first(subject),
                )
        if GRANT in self.form.inputs and signs_in_first(subject):
            form_parts.when_entered(self.form.inputs[GRANT], self._relabel)
        self.window.open()
        if first := self.form.first() or self.name:
            form_parts.focus(first)

    def _draw_guide(self, provider: Provider[Any]) -> None:
        wanted = next((field for field in self.form.fields if field.wanted), None)
        guide = Guide(provider, wanted)
        if wanted is not None:
            self.form.after_label[wanted.name] = guide.draw_link

    def _draw_fields(self, subject: Subject) -> None:
        mode = next((field for field in self.form.fields if field.name == mode_choice.FIELD), None)
        folded = [f.name for f in self.form.fields if f is not mode and is_folded(subject.provider, f)]
        self.folded_names = [*folded, *self.form.rows]
        choice = ModeChoice(self.form, mode, subject.provider.service) if mode else None
        if subject.provider.auth_type == "oauth2":
            self.sign_in.draw_address(subject.provider)
        self.form.draw([f.name for f in self.form.fields if f is not mode and f.name not in folded])
        self.name = draw_name(self.form, subject.name)
        self.folded = form_parts.folded("More keys and options" if self.form.rows else "More options")
        with self.folded:
            self.form.draw(folded)
            if subject.provider.sign_in and subject.provider.auth_type != "oauth2":
                self.sign_in.draw_address(subject.provider)
            for rows in self.form.rows.values():
                rows.draw()
        self.folded.set_visibility(bool(folded or self.form.rows))
        if choice is not None:
            choice.settle()
        if self._demo(subject):
            demo.draw(self._try_sandbox, signs_in=signs_in_first(subject))
        self.note = OutcomeNote()

    async def _save_and_sign_in(self, typed: dict[str, str]) -> None:
        await self._do(lambda subject: self._lead_out(subject, typed, self._config(subject, typed)))

    async def _sign_in_again(self, subject: Subject) -> None:
        """Nothing has to be typed for that: the window has opened with the press that led here."""
        if subject.row is not None:
            await self.sign_in.begin(subject.row, subject.provider, self.note)

    async def _lead_out(self, subject: Subject, typed: Mapping[str, str], config: Mapping[str, Any]) -> None:
        """Save it, so that nothing is lost, and let somebody sign in for it in the window that has opened."""
        check_client(subject, config)
        is_draft = self.is_draft or subject.row is None
        row = await connect_subject.stored(self.user_id, subject, typed.get("name", ""), config, is_draft=is_draft)
        self.is_draft = is_draft
        self.subject = Subject(subject.provider, row, row.name)
        form_parts.settle(self.window.card)
        await self.sign_in.begin(row, subject.provider, self.note)

    async def _signed_in(self, integration_id: str, result: Result) -> None:
        """How the sign-in ended."""
        subject = self.subject
        if subject is None or subject.row is None or subject.row.id != integration_id or not self.window.is_open:
            return
        if not result.ok:
            self.note.problem(result.message, result.hints)
            return
        row = await asyncio.to_thread(connections.one, self.user_id, integration_id)
        self.subject, is_new, self.is_draft = None, self.is_draft, False
        self.window.close()
        with self.slot:
            await self.saved(row, is_new)

    async def _went_away(self) -> None:
        """What was saved only to sign in for it goes with the dialog, where nobody has: nothing was changed."""
        subject, was_draft, self.is_draft = self.subject, self.is_draft, False
        if subject is not None and subject.row is not None and was_draft:
            self.sign_in.end()
            await asyncio.to_thread(oauth_drafts.drop, self.user_id, subject.row.id)

    async def _hold(self) -> None:
        """Whoever still has the dialog before them may take their time with the sign-in."""
        if self.window.is_open and self.subject is not None and self.subject.row is not None:
            await asyncio.to_thread(oauth_drafts.hold, self.subject.row.id)

    def _relabel(self, grant_type: str) -> None:
        """A client for itself signs in nowhere."""
        if self.subject is not None:
            words = sign_in_words(self.subject)
            buttons.relabel(self.buttons.save, words if signs_in_first(self.subject, grant_type) else "Test and save")

    async def _test_and_save(self, typed: dict[str, str]) -> None:
        await self._do(lambda subject: self._save_if_fine(subject, typed, self._config(subject, typed)))

    async def _test(self, typed: dict[str, str]) -> None:
        async def work(subject: Subject) -> None:
            self._show(await self._look(subject, typed, self._config(subject, typed)))

        await self._do(work)

    async def _save_anyway(self, typed: dict[str, str]) -> None:
        await self._do(lambda subject: self._keep(subject, typed, self._config(subject, typed), None))

    async def _try_sandbox(self, typed: dict[str, str]) -> None:
        await self._do(lambda subject: self._save_if_fine(subject, typed, self._demo(subject)))

    def _demo(self, subject: Subject) -> dict[str, Any]:
        """What connects the stand-in; nothing for a connection that exists already."""
        return {} if subject.row else demo.config(subject.provider.type)

    def _config(self, subject: Subject, typed: Mapping[str, str]) -> dict[str, Any]:
        return demo.kept_inside(self.form.values(typed), self._demo(subject))

    async def _save_if_fine(self, subject: Subject, typed: Mapping[str, str], config: Mapping[str, Any]) -> None:
        if signs_in_first(subject, str(config.get(GRANT, ""))):
            await self._lead_out(subject, typed, config)
            return
        outcome = await self._look(subject, typed, config)
        if outcome.ok:
            await self._keep(subject, typed, config, outcome)
        else:
            self._show(outcome)

    async def _do(self, work: Callable[[Subject], Awaitable[None]]) -> None:
        """One thing at a time: a second press while the first is under way does nothing."""
        subject = self.subject
        if self.is_busy or subject is None:
            return
        self.is_busy = True
        self.buttons.busy(True)
        try:
            await work(subject)
        except Invalid as error:
            self.sign_in.end()
            self._blame(error)
        except StreamlineError as error:
            self.sign_in.end()
            self.note.problem(error.message, error.hints)
        finally:
            self.is_busy = False
            self.buttons.busy(False)

    async def _look(self, subject: Subject, typed: Mapping[str, str], config: Mapping[str, Any]) -> Outcome:
        if not typed.get("name", "").strip():
            raise Invalid("Name is missing.", {"name": "Name is missing."})
        self.note.testing(subject.provider.mentioned)
        integration_id = subject.row.id if subject.row else None
        return await connections.try_out(self.user_id, subject.provider.type, config, integration_id)

    async def _keep(
        self, subject: Subject, typed: Mapping[str, str], config: Mapping[str, Any], outcome: Outcome | None
    ) -> None:
        row = subject.row
        saved = await connect_subject.stored(self.user_id, subject, typed.get("name", ""), config, outcome)
        self.subject = None  # whatever is still pressed has nothing left to save
        self.window.close()
        with self.slot:
            await self.saved(saved, row is None)

    def _show(self, outcome: Outcome) -> None:
        """One result, in its place. After a failure there are two more ways on."""
        if outcome.ok:
            self.note.success(outcome)
        else:
            self.note.problem(outcome.message, outcome.hints)
        self.buttons.offer(not outcome.ok)

    def _blame(self, error: Invalid) -> None:
        self.note.clear()
        self.verdicts.clear()
        if any(name in self.folded_names for name in error.fields):
            self.folded.props["open"] = True
        if not self.form.blame(error.fields):
            self.note.problem(error.message, error.hints)

    def _entered(self, field: FormField, text: str) -> None:
        """Say below a field what there is to say about its text as soon as it is there."""
        if self.subject is None:
            return
        verdict = entered.judge(self.subject.provider, field, text)
        if verdict == self.verdicts.get(field.name):
            return  # it stands there already, and somebody may be pressing the button in it
        self.verdicts[field.name] = verdict
        if verdict.value != text:
            form_parts.leave(self.form.inputs[field.name], text, verdict.value)
        line = self.form.say(field.name, verdict.sentence, verdict.tone)
        if verdict.other is not None:
            self._offer_other(line, verdict.other, verdict.value)

    def _offer_other(self, line: Element, other: Recognised, value: str) -> None:
        async def switch() -> None:
            await self.connect(other.provider or "", {other.field: value} if other.field else None)

        with line, tag("div"):
            elements.button(f"Connect {other.tile}", kind="sm").on("click", switch)
