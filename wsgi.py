"""The WSGI entry point: `gunicorn -c gunicorn.conf.py wsgi:app`."""

from sorting_miniapp import create_app

app = create_app()
