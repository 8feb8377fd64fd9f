"""The codes of a shift's check-in: a signed text for the QR and six digits to type, new every minute. Pure.

Both hang on the shift's secret and on a step of domain time; the step before is still good, so that a code read at the
end of its minute is not refused (reliability.md: signed, short-lived, single use).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

STEP_SECONDS = 60
DIGITS = 6


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def step_of(moment: datetime) -> int:
    """The number of the minute `moment` lies in."""
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


def shift_of(token: str) -> str:
    """The public id a QR text names, or '' for anything else."""
    parts = token.split(".")
    return parts[0] if len(parts) == 3 and token.isascii() else ""


def read(token: str, shift: str, secret: str, moment: datetime) -> int:
    """The step of a QR text or of typed digits that is good for this shift at `moment`; 0 when it is not."""
    now = step_of(moment)
    for step in (now, now - 1):
        good = digits(secret, step) if len(token) == DIGITS else qr(shift, secret, step)
        if hmac.compare_digest(good.encode(), token.encode("utf-8", "surrogatepass")):
            return step
    return 0
