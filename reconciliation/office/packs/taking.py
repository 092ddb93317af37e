"""Taking a pack: read at one instant, noted as an export, and only then out."""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from typing import IO

from django.contrib.auth.models import User
from django.utils import timezone

from reconciliation.exporting import reading
from reconciliation.exporting.filters import BadFilter
from reconciliation.models import Case, Export
from reconciliation.office.packs import collecting, editions, packing
from reconciliation.office.packs.collecting import Material

WHAT = "evidence pack"


def collect(asked: Mapping[str, str]) -> Material:
    """By `case`, or by `provider` and `round`. Raises BadFilter."""
    if number := asked.get("case", ""):
        case = Case.objects.select_related("owner").filter(pk=_number(number)).first()
        if case is None:
            raise BadFilter("There is no such case.")
        return collecting.of_case(case)
    provider, named = asked.get("provider", ""), asked.get("round", "").strip()
    if not provider or not named:
        raise BadFilter("Say which provider, and which round or reference.")
    material = collecting.of_round(provider, named)
    if material.is_empty:
        raise BadFilter("Nothing is known of it. It is looked for exactly as it is written.")
    return material


def take(asked: Mapping[str, str], uid: str, file: IO[bytes], *, by: User, at: datetime) -> Export:
    """Write the pack to the empty `file`, and note who took it. `uid` "" is the whole pack.

    Raises BadFilter before anything is written.
    """
    with reading.instant(kept=["providers_callback"]):
        material = collect(asked)
        if uid and uid not in editions.players(material):
            raise BadFilter("It has nothing of such a player.")
        narrowed, edition = editions.of(material, uid)
        count = packing.write(narrowed, edition, file, at=at, by=by.get_username())
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Export.objects.create(
        what=WHAT,
        filters={name: value for name, value in {**asked, "for": uid}.items() if value},
        file_name=file_name(material, uid, at=at),
        rows=count,
        size=file.seek(0, os.SEEK_END),
        sha256=digest,
        exported_at=at,
        exported_by=by,
    )


def file_name(material: Material, uid: str, *, at: datetime) -> str:
    """evidence-case-12-20261121-120000.zip; no name of a player or a round stands in it."""
    edition = "-player" if uid else ""
    moment = at.astimezone(timezone.get_default_timezone())
    return f"evidence-{material.name}{edition}-{moment:%Y%m%d-%H%M%S}.zip"


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 19):
        raise BadFilter("A case has a number.")
    return int(text)
