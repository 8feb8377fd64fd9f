"""Pictures people upload: checked, re-encoded, stored once by their content."""
