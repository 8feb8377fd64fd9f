"""Events, their shifts, sign-ups with a waiting list, and check-in."""
