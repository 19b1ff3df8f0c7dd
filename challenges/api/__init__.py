"""The API of challenges, their entries and reviews."""
