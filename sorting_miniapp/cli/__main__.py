"""`python -m sorting_miniapp.cli check`: content commands that need neither settings nor database."""

from __future__ import annotations

from sorting_miniapp.cli.content import content

if __name__ == "__main__":
    content(prog_name="content")
