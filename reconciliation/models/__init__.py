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

__all__ = [
    "Adjustment",
    "AdjustmentKind",
    "AdjustmentLimit",
    "AdjustmentStatus",
    "Bucket",
    "BucketSum",
    "Case",
    "CaseKind",
    "CaseStatus",
    "Export",
    "Layout",
    "Line",
    "Match",
    "Resend",
    "Resolution",
    "Statement",
    "StatementFormat",
    "StatementStatus",
    "Task",
    "Total",
    "Why",
]
