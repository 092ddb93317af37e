"""How JDB wraps a message: AES-128-CBC in URL-safe Base64 in one form field `x`."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from providers.simulators.base import encode, newest

HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
BLOCK = 16


def sealed(message: Mapping[str, Any], settings: Any, serial: int) -> tuple[bytes, dict[str, str]]:
    """(body, headers)"""
    key, iv = newest(settings.key), newest(settings.iv)
    if not key:  # An insecure one takes the plain JSON of the document.
        return encode(message), {"Content-Type": "application/json"}
    # Seen in the wild: `=` kept or stripped, and a whole block of spaces too many.
    x = encrypt(encode(message), key=key, iv=iv, spare_block=serial % 5 == 4)
    x = x.rstrip(b"=") if serial % 4 else x.replace(b"=", b"%3D")
    return b"x=" + x, HEADERS


def encrypt(text: bytes, *, key: str, iv: str, spare_block: bool = False) -> bytes:
    """AES-128-CBC of `text`, padded with spaces, in URL-safe Base64 with its `=`."""
    padded = text + b" " * (-len(text) % BLOCK + (BLOCK if spare_block else 0))
    cipher = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).encryptor()
    return urlsafe_b64encode(cipher.update(padded) + cipher.finalize())
