"""Articles with three reviews, slogans at head and foot, and the pushes that carry them out."""
