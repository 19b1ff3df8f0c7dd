"""What the API reads and writes of challenges, their entries and reviews."""
