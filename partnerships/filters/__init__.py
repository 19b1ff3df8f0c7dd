"""The filters of dockings, confidentiality, agreements, cases and the ledger."""
