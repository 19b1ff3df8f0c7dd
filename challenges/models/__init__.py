"""A challenge from its call to its board: the event, the needs entered, and who reviews them."""

from challenges.models.challenges import Challenge, Criterion, PhaseWindow
from challenges.models.entries import Corrigendum, Entry, Invitation
from challenges.models.intake import Intake, IntakeNeed
from challenges.models.reviews import Declaration, ExpertProfile, Review, Score, Waiver

__all__ = [
    "Challenge",
    "Corrigendum",
    "Criterion",
    "Declaration",
    "Entry",
    "ExpertProfile",
    "Intake",
    "IntakeNeed",
    "Invitation",
    "PhaseWindow",
    "Review",
    "Score",
    "Waiver",
]
