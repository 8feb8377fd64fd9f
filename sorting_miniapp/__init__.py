"""The waste-sorting mini-program backend of Lianzhou. `app.py` puts its parts together."""
