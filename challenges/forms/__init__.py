"""Forms of challenges, their entries and reviews."""
