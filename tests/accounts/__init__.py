"""Tests of residents and staff: what stands in accounts/."""
