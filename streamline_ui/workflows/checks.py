"""What keeps a workflow from being published: one sentence for each place, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from pydantic import SecretStr

from streamline_ui import providers
from streamline_ui.errors import Invalid
from streamline_ui.providers import sender_events, signatures
from streamline_ui.providers.describe import Provider
from streamline_ui.workflows import allowing, cron, outline, parameters, shapes, templates
from streamline_ui.workflows.outline import Definition
from streamline_ui.workflows.shapes import Shape
from streamline_ui.workflows.steps import Action, Branch, Filter, ForEach, Set, Step
from streamline_ui.workflows.triggers import IntegrationTrigger, ScheduleTrigger, Verification, WebhookTrigger

Lookup = Callable[[str], str | None]
"""The type of the integration with that id, or None where there is none that the workflow's owner may use."""

ROOTS = ("trigger", "steps", "item", "execution")
RESULTS = ("output", "error")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place such as `steps.2.params.content`."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What a step can see: the steps before it, whether there is an `item`, and where every other step is.

    `event` is what the workflow starts with, where that is known.
    """

    before: frozenset[str]
    in_loop: bool
    own: str
    loops: Mapping[str, tuple[str, ...]]
    event: Shape | None

    def complaint(self, path: Sequence[object]) -> str | None:
        """What is wrong with a path, or None."""
        root = str(path[0])
        if root not in ROOTS:
            return f"{root} is nothing a step knows. Start with trigger, steps, item or execution."
        if root == "item" and not self.in_loop:
            return "item only exists inside a loop."
        if root != "steps" or len(path) < 2 or not isinstance(path[1], str):
            return None
        return self._about_step(path[1]) or self._about_result(path)

    def _about_step(self, step_id: str) -> str | None:
        if step_id in self.before:
            return None
        if step_id == self.own:
            return "A step cannot use its own result."
        if step_id not in self.loops:
            near = get_close_matches(step_id, self.before, n=1)
            return f"There is no step {step_id[:64]}.{f' Did you mean {near[0]}?' if near else ''}"
        hidden = [loop for loop in self.loops[step_id] if loop in self.before]
        if hidden:
            return f"{step_id} runs inside the loop {hidden[0]}: use steps.{hidden[0]}.output."
        return f"{step_id} does not run before this step."

    def _about_result(self, path: Sequence[object]) -> str | None:
        if len(path) > 2 and path[2] in RESULTS:
            return None
        return f"The result of a step is steps.{path[1]}.output."


def problems(definition: Definition, lookup: Lookup) -> list[Problem]:
    """Everything that is wrong, in the order of the steps. Empty: it may run."""
    found = [*_about_trigger(definition, lookup)]
    if definition.settings.expect_every is not None and definition.trigger.type in ("manual", "failure"):
        found.append(Problem("settings.expectEvery", "Only events that come by themselves can be expected."))
    if not definition.steps:
        found.append(Problem("steps", "Add at least one step."))
    found += _about_ids(definition)
    loops = dict(_loops(definition.steps, ()))
    trigger = definition.trigger
    service = lookup(trigger.integration_id) if isinstance(trigger, IntegrationTrigger) else None
    event = shapes.of(trigger, providers.PROVIDERS.get(service) if service else None)
    found += _about_steps(definition.steps, "steps", Sight(frozenset(), False, "", loops, event), lookup)
    return found


def may_repeat(step: Action, provider: Provider[Any]) -> bool:
    """Whether an action may be done again when it is not known if it was done: the step's word, or the service's."""
    action = provider.actions.get(step.action)
    return step.repeatable if step.repeatable is not None else action is not None and action.repeatable


def _about_trigger(definition: Definition, lookup: Lookup) -> Iterator[Problem]:
    trigger = definition.trigger
    if isinstance(trigger, WebhookTrigger):
        yield from _about_verification(trigger.verification)
        if trigger.events and not sender_events.of(trigger.verification.scheme):
            yield Problem("trigger.events", "Events can be chosen where the signature check names the sender.")
        for index, event in enumerate(trigger.events):
            if said := sender_events.complaint(trigger.verification.scheme, event):
                yield Problem(f"trigger.events.{index}", said)
        for index, address in enumerate(trigger.allowed_addresses):
            if not allowing.is_network(address):
                said = f"{address} is no address and no network, such as 203.0.113.7 or 203.0.113.0/24."
                yield Problem(f"trigger.allowedAddresses.{index}", said)
    elif isinstance(trigger, IntegrationTrigger):
        provider, problem = _provider(trigger.integration_id, "trigger.integrationId", lookup)
        if problem:
            yield problem
        elif provider:
            yield from _about_event(trigger, provider)
    elif isinstance(trigger, ScheduleTrigger):
        yield from _about_schedule(trigger)


def _about_event(trigger: IntegrationTrigger, provider: Provider[Any]) -> Iterator[Problem]:
    feed = provider.heard(trigger.event)
    if trigger.event not in (each.event for each in provider.triggers):
        offered = ", ".join(each.event for each in provider.triggers) or "nothing"
        yield Problem("trigger.event", f"{provider.service} offers {offered}.")
    elif feed is None:
        hint = "Start the workflow with a webhook, and give its address to the service."
        yield Problem("trigger.event", f"{provider.service} cannot be asked for this. {hint}")
    else:
        for name, sentence in parameters.complaints(feed.params, trigger.params).items():
            yield Problem(f"trigger.params.{name}".rstrip("."), sentence)


def _about_verification(verification: Verification) -> Iterator[Problem]:
    at = "trigger.verification"
    if verification.scheme == "none":
        return
    if outline.is_empty(verification.secret):
        yield Problem(f"{at}.secret", "Enter the secret that the sender signs with.")
    yield from about_secret(verification.scheme, verification.secret)
    if verification.scheme in ("hmac", "header") and not verification.header:
        yield Problem(f"{at}.header", "Enter the name of the header.")
    if verification.scheme == "basic" and not verification.username:
        yield Problem(f"{at}.username", "Enter the user name.")


def about_secret(scheme: str, secret: object) -> Iterator[Problem]:
    """What is wrong with a secret that was entered; one that is kept sealed was looked at before."""
    entered = secret.get_secret_value().strip() if isinstance(secret, SecretStr) else ""
    if entered and (said := signatures.doubt(scheme, entered)):
        yield Problem("trigger.verification.secret", said)


def _about_schedule(trigger: ScheduleTrigger) -> Iterator[Problem]:
    readable = True
    for name, read in (("cron", lambda: cron.parse(trigger.cron)), ("timezone", lambda: cron.zone(trigger.timezone))):
        try:
            read()
        except Invalid as error:
            readable = False
            yield Problem(f"trigger.{name}", error.message)
    if readable and cron.next_fire(trigger.cron, trigger.timezone, datetime.now(UTC)) is None:
        yield Problem("trigger.cron", "This schedule never comes: there is no such day.")


def _about_ids(definition: Definition) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, step in outline.walk(definition.steps):
        if step.id in seen:
            yield Problem(f"{at}.id", f"There is another step {step.id}. Each step needs its own id.")
        seen.add(step.id)


def _loops(steps: Sequence[Step], around: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for step in steps:
        yield step.id, around
        for _, listed in outline.children(step):
            yield from _loops(listed, (*around, step.id) if isinstance(step, ForEach) else around)


def _about_steps(steps: Sequence[Step], at: str, sight: Sight, lookup: Lookup) -> Iterator[Problem]:
    before = sight.before
    for index, step in enumerate(steps):
        place = f"{at}.{index}"
        seen = replace(sight, before=before, own=step.id)
        yield from _about_step(step, place, seen, lookup)
        inside = replace(seen, in_loop=sight.in_loop or isinstance(step, ForEach))
        for inner, listed in outline.children(step):
            yield from _about_steps(listed, f"{place}.{inner}", inside, lookup)
        before |= {step.id}
        if isinstance(step, Branch):
            before |= _ids_outside_loops(step)


def _ids_outside_loops(step: Step) -> frozenset[str]:
    """The steps of a branch, which may have run: a later step may ask."""
    found: set[str] = set()
    for _, listed in outline.children(step):
        found |= {each.id for each in listed}
        for each in listed:
            found |= _ids_outside_loops(each) if isinstance(each, Branch) else set()
    return frozenset(found)


def _about_step(step: Step, at: str, sight: Sight, lookup: Lookup) -> Iterator[Problem]:
    if isinstance(step, Action):
        yield from _about_action(step, at, sight, lookup)
    elif isinstance(step, Filter):
        yield from _about_condition(step.condition, f"{at}.condition", sight)
    elif isinstance(step, Branch):
        yield from _about_branch(step, at, sight)
    elif isinstance(step, ForEach):
        yield from _about_loop(step, at, sight)
    elif isinstance(step, Set):
        yield from _about_templates(step.values, f"{at}.values", sight)


def _about_action(step: Action, at: str, sight: Sight, lookup: Lookup) -> Iterator[Problem]:
    provider, problem = _provider(step.integration_id, f"{at}.integrationId", lookup)
    if problem:
        yield problem
    action = provider.actions.get(step.action) if provider else None
    if provider and action is None:
        said = f"{provider.name} has no action {step.action}." if step.action else "Choose what to do."
        yield Problem(f"{at}.action", said)
    if action:
        for name, sentence in parameters.complaints(action.params, step.params).items():
            yield Problem(f"{at}.params.{name}".rstrip("."), sentence)
    yield from _about_templates(step.params, f"{at}.params", sight)


def _provider(integration_id: str, at: str, lookup: Lookup) -> tuple[Provider[Any] | None, Problem | None]:
    if not integration_id:
        return None, Problem(at, "Choose a connection.")
    type_name = lookup(integration_id)
    provider = providers.PROVIDERS.get(type_name) if type_name is not None else None
    return provider, None if provider else Problem(at, "This connection does not exist. Choose another one.")


def _about_branch(step: Branch, at: str, sight: Sight) -> Iterator[Problem]:
    if not step.branches:
        yield Problem(f"{at}.branches", "Add a branch with a condition.")
    for index, arm in enumerate(step.branches):
        yield from _about_condition(arm.condition, f"{at}.branches.{index}.condition", sight)
        if not arm.steps:
            yield Problem(f"{at}.branches.{index}.steps", "This branch does nothing. Add a step, or remove it.")


def _about_loop(step: ForEach, at: str, sight: Sight) -> Iterator[Problem]:
    if step.items == "":
        yield Problem(f"{at}.items", "Choose the list to go through.")
    elif isinstance(step.items, str) and not templates.is_alone(step.items):
        yield Problem(f"{at}.items", "This must be one list, for example {{ trigger.body.items }}.")
    else:
        yield from _about_templates(step.items, f"{at}.items", sight)
    if not step.steps:
        yield Problem(f"{at}.steps", "This loop does nothing. Add a step, or remove it.")


def _about_condition(source: str, at: str, sight: Sight) -> Iterator[Problem]:
    if not source.strip():
        yield Problem(at, "Enter a condition.")
        return
    yield from _about_text(source, at, sight, is_condition=True)


def _about_templates(value: object, at: str, sight: Sight) -> Iterator[Problem]:
    if isinstance(value, str):
        if templates.is_template(value):
            yield from _about_text(value, at, sight)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _about_templates(each, f"{at}.{name}", sight)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _about_templates(each, f"{at}.{index}", sight)


def _about_text(source: str, at: str, sight: Sight, *, is_condition: bool = False) -> Iterator[Problem]:
    try:
        found = templates.references(source, is_condition=is_condition)
        needed = [each for each in templates.needed(source, is_condition=is_condition) if each[0] == "trigger"]
    except Invalid as error:
        yield Problem(at, error.message)
        return
    complaints = [*map(sight.complaint, found), *(sight.event.complaint(each) for each in needed if sight.event)]
    complaint = next(filter(None, complaints), None)
    if complaint:
        yield Problem(at, complaint)
