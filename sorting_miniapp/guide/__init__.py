"""The sorting guide: waste classes, the dictionary of items and its search, and look-ups that found nothing."""
