"""Reads measurements, judges capabilities against needs, ranks and explains. Plain Python."""

# Stored with every proposal; to be raised when the same input may give another result.
VERSION = "0.3"
