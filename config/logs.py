"""What a log line may not say."""

import logging
import re


class MaskPaths(logging.Filter):
    """A callback path may be a secret: it stands in no log line."""

    pattern = re.compile(r"(/callbacks/)[^/\s'\"?]+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.pattern.sub(r"\1***", record.getMessage()), None
        record.__dict__.pop("request", None)
        return True
