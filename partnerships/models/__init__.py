"""What two sides do with each other once a pairing is more than a proposal, and the ledger of problems."""

from partnerships.models.agreements import Acceptance, AcceptanceLine, Agreement, CaseStudy
from partnerships.models.confidentiality import ConfidentialityAgreement
from partnerships.models.dockings import Contact, Docking, DockingFile, Message, Milestone
from partnerships.models.ledger import Extension, LedgerEntry, LedgerImport

__all__ = [
    "Acceptance",
    "AcceptanceLine",
    "Agreement",
    "CaseStudy",
    "ConfidentialityAgreement",
    "Contact",
    "Docking",
    "DockingFile",
    "Extension",
    "LedgerEntry",
    "LedgerImport",
    "Message",
    "Milestone",
]
