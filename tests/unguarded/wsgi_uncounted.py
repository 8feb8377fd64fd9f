"""The service that counts attempts by a look and takes a paper as often as it comes: caps and marks must not hold."""

from __future__ import annotations

from sorting_miniapp.app import create_app
from sorting_miniapp.quiz import attempts, effects, submission
from tests.unguarded import events, quiz

attempts._count_attempt = quiz.count_attempt
attempts.start = quiz.look_first(attempts.start)
# The condition of the update: any row of this id will do.
attempts.TABLE.c.submitted_at.is_ = lambda _none: attempts.TABLE.c.id > 0
submission._mark = events.slowed(submission._mark)
effects.after_submission = quiz.no_effects
app = create_app()
