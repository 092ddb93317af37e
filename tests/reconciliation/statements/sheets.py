"""Files for the tests: text as it is written to disk, and XLSX packages made by hand."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from reconciliation.models import Layout, StatementFormat

HEADINGS = "operation,reference,uid,currency,debit,credit,round_id,occurred_at"
FIELDS = HEADINGS.split(",")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CONTENT_TYPES = f"""<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>
</Types>"""
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PARTS = {
    "[Content_Types].xml": CONTENT_TYPES,
    "_rels/.rels": f"""<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1"
 Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>
<sheet name="Bets" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1"
 Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""",
}


def format(**changes: object) -> StatementFormat:
    """Cage's own format, unsaved, with some changes."""
    columns = {field: field for field in FIELDS}
    stated = {"name": "test", "layout": Layout.CAGE, "columns": columns, **changes}
    return StatementFormat(**stated)


def file(folder: Path, content: str | bytes, name: str = "day.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def package(sheet: str, **parts: str) -> bytes:
    """An XLSX with this XML within <sheetData>."""
    xml = (
        f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
    )
    return zipped({**PARTS, "xl/worksheets/sheet1.xml": xml, **parts})


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()
