"""What the files in content/ have in common: reading them, judging their language, keeping them."""
