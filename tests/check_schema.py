"""Part of `make lint`: migrations match the models, the OpenAPI document is valid, the content can be loaded."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flask_migrate import check, upgrade
from openapi_spec_validator import validate

from sorting_miniapp import config
from sorting_miniapp.app import create_app
from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.teaching.files import Level
from tests.conftest import base_environ


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config.load(base_environ(Path(folder))))
        with app.app_context():
            upgrade()
            check()
        document = app.test_client().get("/api/openapi.json").get_json()
    validate(document)
    reports = teaching.check(FOLDER)
    problems = [one for one in teaching.problems(reports, draft=True) if one.level is Level.STRUCTURE]
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
