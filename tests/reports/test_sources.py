"""What staff enter for the numbers: activities with photographs on a page, media by sheet."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from sqlalchemy import func, select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles.models_media import MediaItem
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.events.models import Event, EventState
from sorting_miniapp.events.models_day import EventPhoto
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import make_staff
from tests.figures.conftest import Bureau


def jpeg() -> io.BytesIO:
    out = io.BytesIO()
    Image.effect_noise((1400, 1400), 120).convert("RGB").save(out, "JPEG", quality=98)
    assert out.tell() > 1024 * 1024, "as large as a telephone makes them"
    out.seek(0)
    return out


def test_an_activity_is_reported_on_a_page_with_photographs(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    client = sign_in(bureau, "clerk")  # type: ignore[arg-type]
    form: dict[str, Any] = {
        "node_id": str(bureau.union),
        "title": "工会进社区",
        "kind": "volunteer",
        "day": "2025-06-01",
    }
    form |= {
        "direct": "",
        "counted_by": "小李",
        "how": "清点",
        "csrf_token": token(client.get("/console/activities/new").text),
    }
    page = client.post("/console/activities/new", data=form)
    assert page.status_code == 422
    assert 'value="工会进社区"' in page.text
    form |= {"served": "60", "tags": ["dangjian", "jin-shequ"], "pictures": [(jpeg(), "a.jpg"), (jpeg(), "b.jpg")]}
    form |= {"consent": "现场告知并征得同意"}
    done = client.post("/console/activities/new", data=form)
    assert done.status_code == 302, done.text[:500]
    done.request.environ["wsgi.input"].close()  # the test client leaves the temporary file of a large body open
    with bureau.app.app_context():
        event = db.session.scalars(select(Event)).one()
        assert event.state is EventState.FINISHED
        photos = db.session.scalars(select(EventPhoto).where(EventPhoto.event_id == event.id)).all()
        assert [(photo.taken_on.isoformat(), photo.data is not None) for photo in photos] == [("2025-06-01", True)] * 2
        added = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "event.add_photo")
        assert db.session.scalar(added) == 2, "each picture is in the audit trail"
    page = client.get(done.headers["Location"])
    assert page.status_code == 200
    assert "这个活动没有场次" in page.text
    assert "才能发布" not in page.text
    assert "发布后即可报名" not in page.text


def test_media_are_registered_once_and_come_and_go_by_sheet(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    with bureau.app.app_context():
        make_staff("editor", Role.EDITOR, bureau.union)
    client = sign_in(bureau, "editor")  # type: ignore[arg-type]
    form = {"node_id": str(bureau.union), "outlet": "连州发布", "title": "分类在行动", "published_on": "2025-05-20"}
    form |= {
        "origin": "own",
        "url": "https://example.gov.cn/1",
        "csrf_token": token(client.get("/console/media/new").text),
    }
    assert client.post("/console/media/new", data=form).status_code == 302
    assert "已经登记过" in client.post("/console/media/new", data=form).text
    for name, value in (
        ("url", "javascript:alert(1)"),
        ("published_on", "2031-01-01"),
        ("outlet", ""),
        ("event_id", "77"),
    ):
        assert client.post("/console/media/new", data=form | {name: value}).status_code == 422, name
    foreign = form | {"node_id": str(bureau.housing), "url": ""}
    assert client.post("/console/media/new", data=foreign).status_code == 422
    data = {"csrf_token": token(client.get("/console/media/import").text)}
    exported = client.get("/console/media/export.xlsx").data
    again = client.post("/console/media/import", data=data | {"file": (io.BytesIO(exported), "a.xlsx")}).text
    assert "已登记过 1 行" in again
    with bureau.app.app_context():
        item = db.session.scalars(select(MediaItem.id)).one()
    post(client, f"/console/media/{item}/remove")
    new = client.post("/console/media/import", data=data | {"file": (io.BytesIO(exported), "a.xlsx")}).text
    packed = re.search(r'name="rows" value="([^"]+)"', new)
    assert packed
    post(client, "/console/media/import/run", rows=packed[1].replace("&#34;", '"'))
    assert "分类在行动" in client.get("/console/media").text
