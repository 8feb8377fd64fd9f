"""Certificates of service and of learning: numbers, codes, the PDF, and verification by anybody."""
