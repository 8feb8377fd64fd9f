"""Encryption of personal data at rest: AES-256-GCM with rotating keys, and a keyed index for look-ups.

A value is stored as `<key number in base32>.<base64 of nonce and ciphertext>`; the key number is derived from the key,
so that keys may be reordered. The first configured key encrypts, all of them decrypt (design.md §4, DATA_KEYS).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class UnknownKey(Exception):
    """A stored value names a key that is not configured."""


class Keyring:
    """The configured data keys."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._ciphers = {self._name(key): AESGCM(key) for key in keys}
        self._first = self._name(keys[0])
        # The index must survive a rotation, so it hangs on the oldest key, which stays in the list.
        self._index_key = hashlib.sha256(b"blind-index" + keys[-1]).digest()

    @staticmethod
    def _name(key: bytes) -> str:
        return base64.b32encode(hashlib.sha256(b"key-name" + key).digest()[:5]).decode()

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, text.encode(), None)
        return f"{self._first}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, stored: str) -> str:
        name, _, body = stored.partition(".")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise UnknownKey(name)
        raw = base64.b64decode(body)
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()

    def index(self, text: str) -> str:
        """A keyed fingerprint (64 hex digits) by which an encrypted value can be looked up."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()


_keyring: Keyring | None = None


def configure(keys: tuple[bytes, ...]) -> None:
    global _keyring
    _keyring = Keyring(keys)


def keyring() -> Keyring:
    if _keyring is None:
        raise RuntimeError("crypto.configure has not been called")
    return _keyring
