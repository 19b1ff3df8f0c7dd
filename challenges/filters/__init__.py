"""Filters of the lists of a challenge."""
