"""Storing a picture, reading it, and giving it to the official account once."""

from __future__ import annotations

import hashlib
import io
import warnings

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Invalid, NotFound, TooLarge
from sorting_miniapp.faults import crash_point
from sorting_miniapp.media.models import Picture, RemotePicture
from sorting_miniapp.wechat import official

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1600
MOST_BYTES = 950_000  # WeChat takes pictures in a text below 1 MB
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def store(data: bytes, actor: str) -> str:
    """Keep a picture; returns its public id, the same for the same picture. Raises Invalid, TooLarge."""
    jpeg, size = as_jpeg(data)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    known = select(Picture.public_id).where(Picture.sha256 == sha256)
    found = db.session().scalar(known)
    if found:
        return found
    public_id = new_public_id()
    values = {"public_id": public_id, "sha256": sha256, "data": jpeg, "width": size[0], "height": size[1]}
    try:
        with transaction() as session:
            session.execute(insert(Picture).values(**values, created_by=actor, created_at=clock.now()))
    except IntegrityError:
        return str(db.session().scalars(known).one())
    return public_id


def as_jpeg(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The picture as we keep it: upright, bounded, without metadata, with its size. Raises Invalid, TooLarge."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise TooLarge("picture_too_large", "图片太大，请缩小后再上传")
            # A JPEG is decoded at a half or a quarter where that is large enough: less memory, less time.
            shrink = min(1.0, LONGEST_SIDE / max(picture.size))
            picture.draft("RGB", (round(picture.width * shrink), round(picture.height * shrink)))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge("picture_too_large", "图片太大，请缩小后再上传") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Invalid("picture_unreadable", "图片打不开，请上传 JPG 或 PNG 图片") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    for quality in (88, 75, 60, 45):
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue(), upright.size
    raise TooLarge("picture_too_large", "图片太大，请缩小后再上传")


def read(public_id: str) -> bytes:
    """The JPEG. Raises NotFound."""
    found = db.session().scalar(select(Picture.data).where(Picture.public_id == public_id))
    if found is None:
        raise NotFound("picture_not_found", "没有这张图片")
    return found


def exists(public_id: str) -> bool:
    return db.session().scalar(select(Picture.id).where(Picture.public_id == public_id)) is not None


def remote(data: bytes, use: str) -> str:
    """What the official account calls this picture: a media_id as `cover`, a URL as `body`. Raises WeChatError.

    The answer is kept by the picture's content, so a picture is uploaded once for each use.
    """
    account, sha256 = official(), hashlib.sha256(data).hexdigest()
    key = {"sha256": sha256, "use": use, "account": account.client.appid}
    known = select(RemotePicture.remote).filter_by(**key)
    found = db.session().scalar(known)
    if found:
        return found
    upload = account.upload_cover if use == "cover" else account.upload_body_image
    answer = upload(data, f"{sha256[:16]}.jpg")
    crash_point("after_upload_before_commit")
    try:
        with transaction() as session:
            session.execute(insert(RemotePicture).values(**key, remote=answer, created_at=clock.now()))
    except IntegrityError:
        return str(db.session().scalars(known).one())
    return answer


def forget_remote(data: bytes, use: str) -> None:
    """The account no longer knows the picture: upload it anew next time."""
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction() as session:
        session.query(RemotePicture).filter_by(sha256=sha256, use=use).delete()
