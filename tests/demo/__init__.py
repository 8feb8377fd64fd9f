"""`make demo`: a day of the service, played over HTTP against real processes, each step checked."""
