"""Races for places over HTTP, against gunicorn, judged by a model of their own (reliability.md)."""
