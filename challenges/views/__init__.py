"""Pages of challenges, their entries and reviews."""
