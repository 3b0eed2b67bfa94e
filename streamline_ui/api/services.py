"""The services that can be connected."""

from __future__ import annotations

from fastapi import APIRouter

from streamline_ui.api import door
from streamline_ui.api.door import Asking
from streamline_ui.api.shapes import Provider
from streamline_ui.providers import PROVIDERS, catalog

router = APIRouter(prefix="/providers", tags=["Services"], route_class=door.Door)


@router.get("")
def enumerate_(_: Asking) -> list[Provider]:
    """Say what each service needs, can do and can tell. Schemas are JSON Schema."""
    return [Provider.model_validate(catalog.entry(provider)) for provider in PROVIDERS.values()]
