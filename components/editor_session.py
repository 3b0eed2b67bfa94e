"""One open editor: the draft, how it is kept, what is wrong with it, and the data to build against."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any, Literal

from nicegui import background_tasks

from components.editor_draft import TRIGGER, Draft
from streamline_ui.errors import Conflict, Invalid, NotFound, StreamlineError
from streamline_ui.integrations import connections
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.describe import Provider
from streamline_ui.storage.models import Integration
from streamline_ui.storage.workflow_tables import Workflow
from streamline_ui.workflows import catalog, definitions, drafts, tryouts
from streamline_ui.workflows.checks import Problem
from streamline_ui.workflows.listening import asking
from streamline_ui.workflows.triggers import IntegrationTrigger, Trigger, WebhookTrigger
from streamline_ui.workflows.tryouts import Sample, Trial

PAUSE = 0.35  # seconds from a change to its being kept
State = Literal["saved", "saving", "failed", "elsewhere"]


def _nothing() -> None:
    """What is called while nobody listens."""


class EditorSession:
    """`shaped` is called when steps came, went or moved; `worded` after other changes; `told` after a save or news."""

    def __init__(self, user_id: str, workflow: Workflow) -> None:
        self.user_id, self.workflow = user_id, workflow
        self.draft = Draft(json.loads(workflow.draft))
        self.state: State = "saved"
        self.trouble = ""
        self.is_gone = False  # it was deleted meanwhile
        self.problems: list[Problem] = []
        self.insists = False  # after Publish was pressed in vain, what is missing is said everywhere
        self.is_live = True
        self.rows: list[Integration] = []
        self.sample = Sample({}, "Example")
        self.request_id: str | None = None
        self.run_id: str | None = None  # the execution whose data are built against
        self.outputs: dict[str, Any] = {}
        self.trials: dict[str, Trial] = {}
        self.selected = TRIGGER
        self.shaped: Callable[[], Any] = _nothing
        self.worded: Callable[[], Any] = _nothing
        self.told: Callable[[], Any] = _nothing
        self.sampled: Callable[[], Any] = _nothing
        self.overtaken: Callable[[], Any] = _nothing
        self._asked: tuple[Trigger, Sample] | None = None
        self._secret: str | None = None
        self._lock = asyncio.Lock()
        self._is_dirty = False
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what the editor needs beside the draft."""
        await self.read_connections()
        await self.read_data()
        await self._judge()

    async def read_connections(self) -> None:
        """Read the connections, from which steps choose."""
        self.rows = await asyncio.to_thread(connections.all_of, self.user_id)

    def show_event(self, event: str) -> None:
        """Build against what this event of the sender looks like."""
        trigger = self.definition().trigger
        if isinstance(trigger, WebhookTrigger):
            self.request_id, self.run_id, self.sample = None, None, tryouts.example(trigger, event)
            self.sampled()

    def take_sample(self, sample: Sample) -> None:
        """Build against this event, which was just asked for."""
        self.run_id, self.sample, self._asked = None, sample, (self.definition().trigger, sample)
        self.sampled()

    async def read_data(self) -> None:
        """Read the sample and what the steps gave: of the chosen execution, or else the newest there are."""
        if self.run_id is not None:
            try:
                self.sample, self.outputs = await asyncio.to_thread(tryouts.of_run, *self._key, self.run_id)
            except NotFound:
                self.run_id = None
            else:
                return
        self.outputs = await asyncio.to_thread(tryouts.outputs, *self._key)
        await self.read_sample()

    async def read_sample(self) -> None:
        """Read the data to build against, unless they are a chosen execution's."""
        if self.request_id is not None:
            self.run_id = None
        if self.run_id is not None:
            return
        definition = self.definition()
        if self._asked is not None and self._asked[0] == definition.trigger:
            self.sample = self._asked[1]
            return
        found = await tryouts.sample(self.user_id, self.workflow, definition, self.request_id)
        if isinstance(definition.trigger, IntegrationTrigger):
            real = await asyncio.to_thread(asking.latest, self.user_id, definition.trigger)
            found = real if real is not None else found
        self.sample = found

    def definition(self) -> definitions.Definition:
        """The draft as the core knows it; while its form is bad, as it was last kept."""
        try:
            return definitions.parse(copy.deepcopy(self.draft.values))
        except Invalid:
            return drafts.load(self.workflow)

    def row(self, integration_id: str) -> Integration | None:
        """A connection."""
        return next((row for row in self.rows if row.id == integration_id), None)

    def provider(self, integration_id: str) -> Provider[Any] | None:
        """The service of a connection."""
        row = self.row(integration_id)
        return PROVIDERS.get(row.type) if row else None

    def change(self, edit: Callable[[], Any], key: str = "", *, shape: bool = False) -> None:
        """Make a change that can be taken back, and keep it soon."""
        if self.state == "elsewhere":
            return
        self.draft.remember(key)
        edit()
        self.changed(shape=shape)

    def changed(self, *, shape: bool = False) -> None:
        """The draft was changed: show it, and keep it soon."""
        if self.state == "elsewhere":
            return
        self.state, self._is_dirty = "saving", True
        (self.shaped if shape else self.worded)()
        self.told()
        if self._task is None or self._task.done():
            self._task = background_tasks.create(self._save(), name="keep a draft")

    def enter_secret(self, secret: str) -> None:
        """Keep a signing secret, which is never shown again and is no part of the history."""
        self._secret = secret
        self.draft.values[TRIGGER].setdefault("verification", {})["secret"] = {"set": True}
        self.changed()

    def undo(self, *, again: bool = False) -> None:
        """Take the last change back, or do it again."""
        if self.state != "elsewhere" and (self.draft.redo() if again else self.draft.undo()):
            self.changed(shape=True)

    def scope(self, step_id: str) -> dict[str, Any]:
        """What the templates of a step see, as far as it is known."""
        known = {step["id"]: self.output(step["id"]) for step in self.draft.before(step_id)}
        steps = {each: {"output": output, "error": None} for each, output in known.items() if output is not None}
        about = {"id": "…", "workflowId": self.workflow.id}
        found: dict[str, Any] = {"trigger": self.sample.trigger, "steps": steps, "execution": about}
        loop = self.draft.in_loop(step_id)
        if loop is not None:
            found["item"] = tryouts.first_item(loop.get("items"), found)
        return found

    def output(self, step_id: str) -> Any:
        """What a step gave when it was last tried here, or when the workflow last ran."""
        trial = self.trials.get(step_id)
        return trial.output if trial and not trial.problem else self.outputs.get(step_id)

    def problems_at(self, place: str) -> list[Problem]:
        """What is wrong at a place, and below it, but not in the steps inside it."""
        found = [each for each in self.problems if each.path == place or each.path.startswith(place + ".")]
        inner = [path + "." for path, _ in self.draft.walk() if path.startswith(place + ".")]
        return [each for each in found if not any((each.path + ".").startswith(path) for path in inner)]

    async def settle(self) -> None:
        """Wait until everything is kept."""
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    async def _save(self) -> None:
        while self._is_dirty and self.state != "elsewhere":
            await asyncio.sleep(PAUSE)
            self._is_dirty = False
            values, secret = copy.deepcopy(self.draft.values), self._secret
            if secret is not None:
                values[TRIGGER]["verification"]["secret"] = secret
            if await self._keep(lambda values=values: drafts.save(*self._key, values, self.workflow.revision)):  # type: ignore[misc]
                self._secret = None if self._secret == secret else self._secret
                await self._judge()
                if not self._is_dirty:
                    self.state = "saved"
            self.told()

    async def _keep(self, work: Callable[[], Workflow]) -> bool:
        try:
            async with self._lock:
                self.workflow = await asyncio.to_thread(work)
        except (Conflict, NotFound) as error:
            self._overtake(is_gone=isinstance(error, NotFound))
        except StreamlineError as error:
            fields = getattr(error, "fields", {})
            self.state, self.trouble = "failed", next(iter(fields.values()), error.message)
        else:
            return True
        return False

    @property
    def _key(self) -> tuple[str, str]:
        return self.user_id, self.workflow.id

    async def _judge(self) -> None:
        definition = self.definition()
        self.problems = await asyncio.to_thread(drafts.problems, self.user_id, definition)
        self.is_live = await asyncio.to_thread(drafts.is_live, self.workflow)

    async def publish(self) -> bool:
        """Let the draft run. False where problems keep it from that; then they are in `problems`."""
        await self.settle()
        if self.state == "elsewhere":
            return False
        await self._judge()
        if self.problems:
            self.insists = True
            return False
        done = await self._keep(lambda: drafts.publish(*self._key, self.workflow.revision))
        await self._judge()
        self.told()
        return done

    async def restore(self, version: int) -> None:
        """Take a published version into the draft."""
        await self.settle()
        self.draft.remember()
        if await self._keep(lambda: drafts.restore(*self._key, version, self.workflow.revision)):
            self.draft.values = json.loads(self.workflow.draft)
            await self._judge()
            self.shaped()
        self.told()

    async def turn(self, *, on: bool) -> None:
        """Turn the workflow on or off. Raises Conflict where it was never published."""
        row = await asyncio.to_thread(catalog.change, *self._key, is_active=on)
        self.workflow.is_active = row.is_active
        self.told()

    async def heard(self, changed: set[str]) -> None:
        """Something about the user's workflows has changed, perhaps in another tab."""
        if self.workflow.id not in changed:
            return
        async with self._lock:
            try:
                row = await asyncio.to_thread(catalog.one, *self._key)
            except NotFound:
                self._overtake(is_gone=True)
            else:
                if row.revision == self.workflow.revision:
                    self.workflow = row
                elif self.is_kept:
                    await self._take_over(row)
                    return
                else:
                    self._overtake()
        self.told()

    def _overtake(self, *, is_gone: bool = False) -> None:
        self.state, self.is_gone = "elsewhere", is_gone
        self.trouble = f"This workflow was {'deleted' if is_gone else 'changed'} in another window."

    @property
    def is_kept(self) -> bool:
        """Whether nothing here is still to be saved."""
        return self.state == "saved" and not self._is_dirty

    async def _take_over(self, row: Workflow) -> None:
        """Show what another window has made of it; what was shown before can be had back with Undo."""
        self.workflow, values = row, json.loads(row.draft)
        if values != self.draft.values:
            self.draft.remember()
            self.draft.values = values
        await self._judge()
        self.shaped()
        self.told()
        self.overtaken()

    async def keep_mine(self) -> None:
        """Save what is here over what another window has saved. Raises NotFound where it was deleted."""
        async with self._lock:
            self.workflow = await asyncio.to_thread(catalog.one, *self._key)
        self.state = "saving"
        self.changed(shape=True)
        await self.settle()
