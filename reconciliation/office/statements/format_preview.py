"""The editor's lower half: the columns of the sample, and its first rows as Cage reads them."""

from typing import Any, BinaryIO, cast

from reconciliation.models import StatementFormat
from reconciliation.office.statements import format_forms, samples, zones
from reconciliation.office.statements.format_forms import Editor
from reconciliation.statements import files, formats, reading
from reconciliation.statements.formats import Preview
from wallets import pages


def nothing(form: Editor) -> dict[str, Any]:
    """Before a file was chosen."""
    return {"mapping": _mapping(form.instance, []), "kept": ""}


def of_form(form: Editor) -> dict[str, Any]:
    """What the form's format makes of the file that came with it, now or before."""
    format, trouble, headings = form.instance, "", []
    kept = b""
    try:
        kept = _kept(form)
        headings = samples.headings(kept, format) if kept else []
        if kept and not headings:
            trouble = "It has headings and no row that can be read."
    except (samples.NoSample, files.BadFile, ValueError) as reason:
        trouble = str(reason)
    return {
        "mapping": _mapping(format, headings),
        "kept": samples.carried(kept),
        "kept_name": pages.printable(_name(form)),
        "trouble": pages.printable(trouble),
        **(_preview(form, kept) if headings else {}),
    }


def _kept(form: Editor) -> bytes:
    """The file that was chosen now, else the one that was carried along."""
    file = form.files.get("sample")
    if file is not None:
        return samples.keep(cast("BinaryIO", file.file), form.instance)
    return samples.brought(form.data.get("kept", ""))


def _name(form: Editor) -> str:
    file = form.files.get("sample")
    return str(file.name if file is not None else form.data.get("kept_name", ""))[:200]


def _mapping(format: StatementFormat, headings: list[str]) -> list[dict[str, Any]]:
    return format_forms.mapping(reading.fields(format), format, headings)


# -- As Cage reads it ----------------------------------------------------------------------------


def _preview(form: Editor, kept: bytes) -> dict[str, Any]:
    provider = form.data.get("provider", "")
    try:
        with samples.as_file(kept) as path:
            found = formats.preview(path, form.instance, provider, rows=samples.ROWS)
    except formats.NotAFormat as reason:
        return {"not_yet": [pages.printable(sentence) for sentence in reason.sentences]}
    except files.BadFile as reason:
        return {"not_yet": [pages.printable(str(reason))]}
    has_sums = any(one.summed is not None for one in found)
    return {
        "preview": [_row(one, provider) for one in found],
        "has_sums": has_sums,
        "bad": sum(1 for one in found if one.error),
    }


def _row(one: Preview, provider: str) -> dict[str, Any]:
    zone = zones.of(provider)
    return {
        "number": f"{one.number:,}",
        "error": pages.short(one.error, longest=500) if one.error else "",
        "column": pages.short(one.column) if one.column else "",
        "cells": pages.table(
            (pages.short(name, longest=60), pages.short(text, longest=300))
            for name, text in list(one.cells.items())[:100]
        ),
        "movements": [
            {
                "named": pages.short(expected.transaction_id),
                "player": pages.short(expected.uid),
                "debit": pages.money(expected.debit, expected.currency),
                "credit": pages.money(expected.credit, expected.currency),
                "net": "net" if expected.net_only else "",
                "at": zones.moment(expected.occurred_at, zone) if expected.occurred_at else "",
            }
            for expected in one.expected
        ],
        "sums": _sums(one),
    }


def _sums(one: Preview) -> dict[str, Any] | None:
    summed = one.summed
    if summed is None:
        return None
    return {
        "of": [pages.short(part) for part in (summed.operation, summed.uid) if part] or ["All"],
        "count": f"{summed.count:,}" if summed.count is not None else pages.NOTHING,
        "amounts": [
            pages.money(value, summed.currency)
            for value in (summed.debit, summed.credit, summed.net)
        ],
    }
