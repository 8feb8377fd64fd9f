"""Guards taken off by patching, for the control runs that must fail; never by a setting (design.md §6)."""
