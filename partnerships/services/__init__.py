"""What can be done with confidentiality, dockings, agreements and the ledger; all changes go through here."""
