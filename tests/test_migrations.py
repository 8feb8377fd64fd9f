"""The migrations go up and down and describe the models, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from sorting_miniapp import config
from sorting_miniapp.app import create_app
from sorting_miniapp.db import Base, db
from tests.conftest import DATABASES, base_environ, close_connections, new_database


@pytest.mark.parametrize("kind", DATABASES)
def test_up_down_up_and_no_difference_from_the_models(kind: str, tmp_path: Path) -> None:
    databases = new_database(kind, tmp_path, "_migrations")
    app = create_app(config.load(base_environ(tmp_path) | {"DATABASE_URL": next(databases)}))
    with app.app_context():
        upgrade()
        check()
        assert set(inspect(db.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        db.session.remove()
        close_connections()
    for _ in databases:
        pass
