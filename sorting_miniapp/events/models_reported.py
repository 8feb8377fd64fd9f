"""Pictures of activities that were reported after they took place."""

from __future__ import annotations

from sqlalchemy import ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, CaseString


class ActivityPicture(Base):
    """A stored picture (media) of a reported activity, in the order they were given."""

    __tablename__ = "activity_picture"
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    picture: Mapped[str] = mapped_column(CaseString(32))
