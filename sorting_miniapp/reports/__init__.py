"""Figures that need every feature."""
