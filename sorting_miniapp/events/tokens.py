"""The codes of a check-in: a signed text for a QR and six digits to type, new every 30 seconds. Pure.

All hang on the shift's secret and on a step of domain time; the step before is still good, so that a code read at the
end of its time is not refused (reliability.md: signed, short-lived, single use). There are two kinds: the shift's code,
which the organiser shows and residents scan, and a sign-up's own code, which a resident shows and staff take.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime

STEP_SECONDS = 30
DIGITS = 6


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def step_of(moment: datetime) -> int:
    """The number of the half minute `moment` lies in."""
    return int(moment.timestamp()) // STEP_SECONDS


def seconds_left(moment: datetime) -> int:
    """Seconds until the next code."""
    return STEP_SECONDS - int(moment.timestamp()) % STEP_SECONDS


def _mac(secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()


def digits(secret: str, step: int) -> str:
    """The six digits of a step."""
    return str(int.from_bytes(_mac(secret, f"digits:{step}")[:8]) % 10**DIGITS).zfill(DIGITS)


def qr(shift: str, secret: str, step: int) -> str:
    """The text of the QR: the shift's public id, the step, a signature of 128 bits."""
    return f"{shift}.{step}.{_mac(secret, f'qr:{shift}:{step}').hex()[:32]}"


def own_digits(secret: str, sign_up: str, step: int) -> str:
    """The six digits a resident shows for one sign-up."""
    return str(int.from_bytes(_mac(secret, f"own:{sign_up}:{step}")[:8]) % 10**DIGITS).zfill(DIGITS)


def own_qr(secret: str, sign_up: str, step: int) -> str:
    """The text of the QR a resident shows: the sign-up's public id, the step, a signature of 128 bits."""
    return f"{sign_up}.{step}.{_mac(secret, f'own-qr:{sign_up}:{step}').hex()[:32]}"


def read_own(token: str, secret: str, sign_up: str, moment: datetime) -> int:
    """The step of a text or digits shown for this sign-up that is good at `moment`; 0 when it is not."""
    make = own_digits if len(token) == DIGITS else own_qr
    return _step_of(token, moment, lambda step: make(secret, sign_up, step))


def named_in(token: str) -> str:
    """The public id a QR text names (a shift's, or a sign-up's own), or '' for anything else."""
    parts = token.split(".")
    return parts[0] if len(parts) == 3 and token.isascii() else ""


def read(token: str, shift: str, secret: str, moment: datetime) -> int:
    """The step of a QR text or of typed digits that is good for this shift at `moment`; 0 when it is not."""
    by_digits = len(token) == DIGITS
    return _step_of(token, moment, lambda step: digits(secret, step) if by_digits else qr(shift, secret, step))


def _step_of(token: str, moment: datetime, make: Callable[[int], str]) -> int:
    now = step_of(moment)
    for step in (now, now - 1):
        if hmac.compare_digest(make(step).encode(), token.encode("utf-8", "surrogatepass")):
            return step
    return 0
