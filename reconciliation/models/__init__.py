"""What reconciliation keeps: cases, statements, where their lines stand, adjustments, exports."""

from reconciliation.models.adjustments import (
    Adjustment,
    AdjustmentKind,
    AdjustmentLimit,
    AdjustmentStatus,
    Why,
)
from reconciliation.models.cases import Case, CaseKind, CaseStatus, Resend, Resolution, Task
from reconciliation.models.exports import Export
from reconciliation.models.figures import DeliveryFigure, FiguresReading, MoneyFigure
from reconciliation.models.staff import RoleGrant
from reconciliation.models.statements import (
    Bucket,
    BucketSum,
    Layout,
    Line,
    Match,
    Statement,
    StatementFormat,
    StatementStatus,
    Total,
)
from reconciliation.models.work import Attachment, Comment, SavedFilter

__all__ = [
    "Adjustment",
    "AdjustmentKind",
    "AdjustmentLimit",
    "AdjustmentStatus",
    "Attachment",
    "Bucket",
    "BucketSum",
    "Case",
    "CaseKind",
    "CaseStatus",
    "Comment",
    "DeliveryFigure",
    "Export",
    "FiguresReading",
    "Layout",
    "Line",
    "Match",
    "MoneyFigure",
    "Resend",
    "Resolution",
    "RoleGrant",
    "SavedFilter",
    "Statement",
    "StatementFormat",
    "StatementStatus",
    "Task",
    "Total",
    "Why",
]
