"""What is wrong with a table, said before anything is trained on it."""

from tidebook.data.audit.report import AuditReport
from tidebook.data.audit.run import audit

__all__ = ["AuditReport", "audit"]
