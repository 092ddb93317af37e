"""What a log line may not say."""

import logging
import re


class MaskPaths(logging.Filter):
    """A callback path may be a secret: it stands in no log line."""

    pattern = re.compile(r"(/callbacks/)[^/\s'\"?]+")

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except Exception:  # A bad log call must not fail the delivery that it tells of.
            text = str(record.msg)
        record.msg, record.args = self.pattern.sub(r"\1***", text), None
        record.__dict__.pop("request", None)
        return True
