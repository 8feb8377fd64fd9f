"""Kills, freezes, broken answers and jumping clocks on the push path, with real processes (reliability.md, Faults)."""
