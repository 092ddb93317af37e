"""Where staff take exports from: POST, because what leaves is noted."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST

from reconciliation.exporting import sending
from reconciliation.exporting.filters import BadFilter


@staff_member_required
@require_POST
def take(request: HttpRequest, what: str) -> HttpResponseBase:
    """The form has `format` (csv, xlsx or journal) and the filters. 400 with a sentence where they
    can't be read, 403 for those who may not."""
    form = {name: str(value) for name, value in request.POST.items()}
    form.pop("csrfmiddlewaretoken", None)
    ending = form.pop("format", "csv")
    try:
        return sending.response(request, what, form, ending)
    except BadFilter as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
