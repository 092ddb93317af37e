"""Who sent it: HMAC-SHA1 of four lines, the last newline included, in lower-case hex."""

import hmac

from providers.protocols import base


def verify(delivery: base.Delivery, *, app_id: str, secrets: tuple[str, ...]) -> None:
    """Raises Unauthentic unless one of `secrets` signed this body for `app_id`.

    A resend may keep its old timestamp and nonce, so neither's age is looked at.
    """
    headers = delivery.headers
    signed = b"".join(
        headers.get(name, "").encode("latin-1", errors="replace") + b"\n"
        for name in ("sud-appid", "sud-timestamp", "sud-nonce")
    )
    signed += delivery.body + b"\n"
    stated = headers.get("sud-signature", "").lower().encode(errors="replace")
    ours = [hmac.new(secret.encode(), signed, "sha1").hexdigest() for secret in secrets]
    # A list, so that every secret is compared whichever matches.
    matches = [hmac.compare_digest(stated, signature.encode()) for signature in ours]
    if not any(matches) or headers.get("sud-appid", "") != app_id:
        raise base.Unauthentic("The signature or the app id in the headers is wrong.")
