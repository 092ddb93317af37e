"""What leaves Cage as a file: exact, harmless in a spreadsheet, and noted before it is out.

export = exporting.export("transactions", {"player": "alice"}, "csv", file, by=user, at=now)
response = exporting.response(request, "cases", {"status": "open"}, "xlsx")
"""

from reconciliation.exporting.sending import response as response
from reconciliation.exporting.taking import export as export
