"""Files that people lay to a case as evidence: kept as bytes, once each, never changed."""

import hashlib
import re
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from reconciliation.models import Attachment, Case
from reconciliation.working import NotDone
from wallets import text

MOST = 50  # Of one case.
NAME = 120
UNNAMED = "file"
# What paths, headers, shells and people could take for something else.
UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\ud800-\udfff\u2028\u2029]')
# The first bytes of what people attach; what is none of these is just bytes.
BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
)
BYTES = "application/octet-stream"
TEXT = "text/plain"


def add(case_id: int, *, name: str, content: bytes, why: str, by: User, at: datetime) -> Attachment:
    """Keep it with its digest. The same content comes to one case once. Raises NotDone."""
    if not content:
        raise NotDone("The file is empty.")
    if len(content) > settings.ATTACHMENT_BYTES:
        raise NotDone(f"A file has {settings.ATTACHMENT_BYTES:,} bytes at most.")
    with transaction.atomic():
        # One at a time, so that they can be counted.
        case = Case.objects.select_for_update().get(pk=case_id)
        if Attachment.objects.filter(case=case).count() >= MOST:
            raise NotDone(f"A case has {MOST} files at most.")
        return _keep(case, safe_name(name), content, why.replace("\0", "").strip(), by, at)


def _keep(case: Case, name: str, content: bytes, why: str, by: User, at: datetime) -> Attachment:
    digest = hashlib.sha256(content).hexdigest()
    try:
        with transaction.atomic():
            return Attachment.objects.create(
                case=case,
                name=name,
                media_type=media_type(content),
                size=len(content),
                sha256=digest,
                content=content,
                why=why,
                attached_by=by,
                attached_at=at,
            )
    except IntegrityError:
        known = Attachment.objects.filter(case=case, sha256=digest).first()
        if known is None:
            raise
        raise NotDone(f"This very file is attached already, as {known}.") from None


def safe_name(name: str) -> str:
    """`name` as a file may be called anywhere: no path, no control or direction mark, not long,
    and with its own ending where that is a short one."""
    last = re.split(r"[/\\]", name)[-1]
    plain = UNSAFE.sub("_", text.TREACHEROUS.sub("_", last)).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 12:
        return plain[:NAME] or UNNAMED
    return f"{stem[: NAME - len(ending) - 1]}.{ending}"


def media_type(content: bytes) -> str:
    """What the first bytes look like; nobody is told more than can be seen."""
    for beginning, kind in BEGINNINGS:
        if content.startswith(beginning):
            return kind
    try:
        readable = content.decode()
    except UnicodeDecodeError:
        return BYTES
    return BYTES if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", readable) else TEXT


def of(case: Case) -> list[Attachment]:
    """The oldest first, without their content."""
    found = Attachment.objects.filter(case=case).select_related("attached_by").defer("content")
    return list(found.order_by("id")[:MOST])
