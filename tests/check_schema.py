"""Part of `make lint`: migrations match the models and the OpenAPI document is valid."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask_migrate import check, upgrade
from openapi_spec_validator import validate

from sorting_miniapp import config
from sorting_miniapp.app import create_app
from tests.conftest import base_environ


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config.load(base_environ(Path(folder))))
        with app.app_context():
            upgrade()
            check()
        document = app.test_client().get("/api/openapi.json").get_json()
    validate(document)


if __name__ == "__main__":
    main()
