"""The organisation tree, city → town → community with departments, Party branches and groups, and its settings."""
