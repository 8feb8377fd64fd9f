"""Residents, staff, roles and sessions; access.py says who may call what."""
