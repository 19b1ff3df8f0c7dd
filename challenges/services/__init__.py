"""What can be done with challenges, their entries and reviews; every change goes through here."""
