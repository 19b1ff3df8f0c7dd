"""The forms of confidentiality, dockings, agreements, cases and the ledger."""
