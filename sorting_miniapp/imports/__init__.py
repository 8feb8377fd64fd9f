"""Spreadsheets in, with row errors and a dry run, and the cells that go out in them."""
