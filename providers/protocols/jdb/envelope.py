"""JDB's envelope: Base64-URL of AES-128-CBC, without padding, of JSON filled up with spaces."""

import base64
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msgspec import Raw

from providers.protocols import base, wire

BLOCK = 16


class Undeciphered(base.Unauthentic):
    """One answer for every reason, so that a reply says nothing about the key."""

    sentence = "The delivery does not decrypt."


class Head(msgspec.Struct):
    action: wire.Int32
    transferId: Raw = wire.NOTHING


HEAD = wire.Schema(Head)


def open_with(pairs: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes:
    """The JSON in a form's `x`, by the first key and IV that make JSON with an `action` of it.

    There is no signature: decrypting is what proves who sent it. Raises Undeciphered.
    """
    sealed = _sealed(body)
    for key, vector in pairs:
        plain = _decrypt(sealed, key, vector)
        try:
            HEAD.read(plain)
        except base.Malformed:
            continue
        return plain
    raise Undeciphered


def _sealed(body: bytes) -> bytes:
    """The ciphertext in the form field `x`; with or without "=", in either Base64 alphabet."""
    values = [field[2:] for field in body.strip(b"\r\n").split(b"&") if field.startswith(b"x=")]
    if len(values) != 1:
        raise Undeciphered
    text = unquote_to_bytes(values[0]).rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Undeciphered from None


def _decrypt(sealed: bytes, key: bytes, vector: bytes) -> bytes:
    """The plain text without the spaces (of some senders NULs, or a block of them) at its end."""
    if not sealed or len(sealed) % BLOCK:
        raise Undeciphered
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(vector)).decryptor()
    return (decryptor.update(sealed) + decryptor.finalize()).rstrip(b" \0")
