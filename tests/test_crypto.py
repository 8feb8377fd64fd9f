"""Personal data is sealed, survives a key rotation and can be looked up by its keyed index."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp.crypto import Keyring, UnknownKey

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.text(max_size=200))
def test_what_goes_in_comes_out_and_does_not_show(text: str) -> None:
    sealed = Keyring((OLD,)).encrypt(text)
    assert Keyring((OLD,)).decrypt(sealed) == text
    assert len(text) < 8 or text not in sealed


def test_a_rotated_key_still_decrypts_and_the_index_stays() -> None:
    before, after = Keyring((OLD,)), Keyring((NEW, OLD))
    assert after.decrypt(before.encrypt("李")) == "李"
    assert after.index("李") == before.index("李")
    with pytest.raises(UnknownKey):
        before.decrypt(after.encrypt("李"))


def test_a_changed_value_is_refused() -> None:
    ring = Keyring((OLD,))
    name, _, body = ring.encrypt("440000").partition(".")
    flipped = ("B" if body[30] != "B" else "C").join((body[:30], body[31:]))
    with pytest.raises(InvalidTag):
        ring.decrypt(f"{name}.{flipped}")
