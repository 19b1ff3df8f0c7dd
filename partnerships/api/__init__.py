"""The API of confidentiality, dockings, agreements, cases and the ledger."""
