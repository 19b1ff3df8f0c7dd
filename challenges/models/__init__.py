"""A challenge from its call to its tracking: the event, the needs entered, the solutions, and who reviews them."""

from challenges.models.certificates import Certificate
from challenges.models.challenges import Challenge, Criterion, PhaseWindow
from challenges.models.entries import Corrigendum, Entry, Invitation
from challenges.models.intake import Intake, IntakeNeed
from challenges.models.reviews import Declaration, ExpertProfile, Review, Score, Waiver
from challenges.models.solutions import (
    CoApplicant,
    Decision,
    FinalsMark,
    FollowUp,
    Objection,
    Promise,
    SealedPrice,
    Solution,
    SolutionFile,
)

__all__ = [
    "Certificate",
    "Challenge",
    "CoApplicant",
    "Corrigendum",
    "Criterion",
    "Decision",
    "Declaration",
    "Entry",
    "ExpertProfile",
    "FinalsMark",
    "FollowUp",
    "Intake",
    "IntakeNeed",
    "Invitation",
    "Objection",
    "PhaseWindow",
    "Promise",
    "Review",
    "Score",
    "SealedPrice",
    "Solution",
    "SolutionFile",
    "Waiver",
]
