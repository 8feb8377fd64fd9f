"""The outbox: one row for every message to a resident, its claims, its sending, its end; subscription credits."""
