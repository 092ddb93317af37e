"""Statements at the desk: their list, a statement's page, down to the rows, and what is done."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client, override_settings

from reconciliation.matching import matching
from reconciliation.models import Case, Match, Statement, StatementFormat, Total
from tests import staff
from tests.cast import Books, instruction
from tests.reconciliation.office.statements import days
from tests.staff import Staff
from wallets import ledger

LIST = "reconciliation/statement/"
HOSTILE = "<script>window.pwned = 1</script>\u202e\U0001f3b0"


@pytest.fixture
def boss(books: Books, providers: None) -> Staff:
    return staff.superuser()


@pytest.fixture
def day(boss: Staff, books: Books) -> Statement:
    days.book(books)
    return days.statement()


def texts(html: str, pattern: str) -> list[str]:
    """What stands in the elements that a pattern's group finds, without tags, on one line."""
    found = re.findall(pattern, html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in found]


def at(statement: Statement, word: str = "change") -> str:
    return f"{LIST}{statement.pk}/{word}/"


def listed(boss: Staff, statement: Statement, **query: str) -> list[str]:
    """The first line of each row of a drill-down."""
    html = boss.get(at(statement, "rows"), **query)
    table = html.partition('<table class="cage-grid cage-rows">')[2]
    return texts(table, r"<tbody>\s*<tr[^>]*>(.*?)</tr>")


# -- The list --------------------------------------------------------------------------------------


def test_the_list_says_how_much_is_matched_and_what_is_open(boss: Staff, day: Statement) -> None:
    html = boss.get(LIST)
    (row,) = texts(html, r'<tr[^>]*>\s*(<t[dh][^>]*class="[^"]*field-provider_.*?)</tr>')
    assert row.startswith("jdb 2026-11-20 jdb-2026-11-20.csv 7")
    assert "25.00%" in row
    assert texts(html, r'(?:cage-tag cage-(?:bad|warning)"[^>]*>)(.*?)</span>') == [
        "Only in the statement: 1",
        "Only in the ledger: 1",
        "Amount differs: 1",
        "Player differs: 1",
        "Currency differs: 1",
        "Repeated line: 1",
    ]
    assert "a command" in row


def test_the_list_is_filtered_by_provider_and_says_what_was_not_matched(
    boss: Staff, day: Statement
) -> None:
    days.statement([], provider="sud", is_matched=False, file_name="sud.csv")
    assert "jdb-2026-11-20.csv" not in boss.get(LIST, provider="sud")
    assert "Not yet" in boss.get(LIST, provider="sud")
    assert "sud.csv" not in boss.get(LIST, provider="jdb")


def test_pages_cost_the_same_however_much_is_on_them(boss: Staff, books: Books) -> None:
    days.book(books)
    one = days.statement(days.LISTED[:1])
    paths = [LIST, at(one), at(one, "rows")]
    for path in paths:
        boss.get(path)  # What is looked up once per process.
    few = [len(boss.queries(path)) for path in paths]
    two = days.statement([*days.LISTED, *(_more(number) for number in range(40))])
    days.statement(days.LISTED[:2], file_name="three.csv")
    many = [len(boss.queries(path)) for path in [LIST, at(two), at(two, "rows")]]
    assert many == few


def _more(number: int) -> days.Listed:
    return (str(500_000 + number), "alice", "USD", "0", "1")


def test_no_list_is_counted(boss: Staff, day: Statement) -> None:
    asked = [sql for path in (LIST, at(day), at(day, "rows")) for sql in boss.queries(path)]
    assert not [sql for sql in asked if "COUNT(*)" in sql]


# -- A statement's page ----------------------------------------------------------------------------


def test_each_currency_adds_up_on_both_sides(boss: Staff, day: Statement) -> None:
    tables = boss.get(at(day)).split('<table class="cage-grid cage-sums">')[1:]
    rows = [texts(one.partition("</table>")[0], r"<tr>(.*?)</tr>")[2:] for one in tables]
    nothing = "– – –"  # noqa: RUF001  (the dash of an empty cell)
    assert rows == [
        [
            f"Currency differs 1 0.00 8.00 {nothing} +8.00",
            f"All of CNY 1 0.00 8.00 {nothing} +8.00",
        ],
        [
            "Matched 2 0.00 1,253.50 2 0.00 1,253.50 0.00",
            f"Only in the statement 1 0.00 45.25 {nothing} +45.25",
            f"Only in the ledger {nothing} 1 0.00 77.00 -77.00",
            "Amount differs 1 0.00 99.75 1 0.00 90.00 +9.75",
            "Player differs 1 0.00 12.00 1 0.00 12.00 0.00",
            f"Currency differs {nothing} 1 0.00 8.00 -8.00",
            f"Repeated line 1 0.00 3.00 {nothing} +3.00",
            "All of USD 6 0.00 1,413.50 6 0.00 1,440.50 -27.00",
        ],
    ]


def test_the_bar_says_in_words_what_it_shows(boss: Staff, day: Statement) -> None:
    html = boss.get(at(day))
    pieces = re.findall(r'cage-piece[^>]*href="([^"]*)"[^>]*aria-label="([^"]*)"', html)
    assert [unescape(words) for _, words in pieces][:2] == [
        "Matched: 2 movements, 25.00%",
        "Only in the statement: 1 movements, 12.50%",
    ]
    assert pieces[1][0].endswith(f"/{day.pk}/rows/?bucket=only_in_statement")
    assert "25.00% of 8 movements matched, 6 open." in html


def test_all_matched_says_that_nothing_is_open(boss: Staff, books: Books) -> None:
    days.book(books, days.BOOKED[:1])
    page = boss.get(at(days.statement(days.LISTED[:1])))
    assert "100% of 1 movement matched. Nothing is open." in page
    assert "cage-good-edge" in page


def test_a_window_is_told_as_the_provider_counts(boss: Staff, day: Statement) -> None:
    """jdb's reports are of GMT-4."""
    said = " ".join(texts(boss.get(at(day)), r"Window[^<]*</dt><dd>(.*?)</dd>"))
    assert said == "2026-11-19 20:00:00 to 2026-11-20 20:00:00 UTC-04:00"


def test_rejected_rows_stand_with_their_errors(boss: Staff, books: Books) -> None:
    one = days.statement(
        [], rejected=[('{"debit": "1e3"}', f"debit is wrong {HOSTILE}")] * 60, is_matched=False
    )
    page = boss.get(at(one))
    assert page.count("debit is wrong") == 100  # Fifty, each also in its tooltip.
    assert "<script>window" not in page
    assert "\u202e" not in page
    assert "All rejected rows" in page
    first = boss.get(at(one, "rejected"))
    assert "?after=51" in first
    assert boss.get(at(one, "rejected"), after="51").count("debit is wrong") == 20


# -- Down to the rows ------------------------------------------------------------------------------


def test_a_bucket_leads_to_its_rows(boss: Staff, day: Statement) -> None:
    assert listed(boss, day, bucket="amount_differs") == [
        "3 settle:272002 bob 0.00 USD 99.75 USD 0.00 USD 90.00 USD"
    ]
    assert listed(boss, day, bucket="only_in_statement") == [
        "8 settle:272006 alice 0.00 USD 45.25 USD not there"
    ]
    dash = "–"  # noqa: RUF001
    assert listed(boss, day, bucket="only_in_ledger") == [
        f"{dash} settle:272007 alice not there 0.00 USD 77.00 USD"
    ]
    assert listed(boss, day, bucket="player_differs") == [
        "4 settle:272003 Statement erin Books carol 0.00 USD 12.00 USD 0.00 USD 12.00 USD"
    ]
    assert listed(boss, day, bucket="currency_differs") == [
        "5 settle:272004 dora 0.00 CNY 8.00 CNY 0.00 USD 8.00 USD"
    ]


def test_a_row_leads_to_its_transaction_its_case_and_its_original(
    boss: Staff, day: Statement
) -> None:
    html = boss.get(at(day, "rows"), bucket="amount_differs")
    case = Case.objects.get(subject="settle:272002", kind="amount_differs")
    match = Match.objects.select_related("entry").get(statement=day, bucket="amount_differs")
    assert match.entry is not None
    assert not staff.missing(
        html,
        [
            f"/admin/wallets/transaction/{match.entry.transaction_id}/change/",
            f"/admin/reconciliation/case/{case.pk}/change/",
            "2026-11-20 08:00:00 UTC-04:00",
            "The row of the file",
            "99.75",
        ],
    )
    Case.objects.filter(pk=case.pk).update(
        status="closed", resolution="accepted", closed_at=days.LATER
    )
    assert f"/case/{case.pk}/" not in boss.get(at(day, "rows"), bucket="amount_differs")


def test_rows_are_paged_by_their_numbers(boss: Staff, books: Books) -> None:
    one = days.statement([_more(number) for number in range(120)])
    first, later, none = followed(boss, one)
    assert (len(first), none) == (50, "")
    second, last, earlier = followed(boss, one, after=later)
    assert len(second) == 50
    assert listed(boss, one, before=earlier) == first
    third, none, _ = followed(boss, one, after=last)
    assert (len(third), none) == (20, "")
    assert len({*first, *second, *third}) == 120
    assert followed(boss, one, before=earlier)[2] == ""
    assert listed(boss, one, after="9" * 400) == ["None."]
    assert listed(boss, one, after="x") == first


def followed(boss: Staff, one: Statement, **query: str) -> tuple[list[str], str, str]:
    """The rows of a page, and where the pages after and before it begin."""
    html = boss.get(at(one, "rows"), **query)
    later = re.search(r'rel="next" href="\?after=(\d+)"', html)
    earlier = re.search(r'rel="prev" href="\?before=(\d+)"', html)
    return listed(boss, one, **query), later[1] if later else "", earlier[1] if earlier else ""


@pytest.mark.parametrize("term", ["272007", "settle:272007"])
def test_what_only_the_books_have_is_found(boss: Staff, day: Statement, term: str) -> None:
    (row,) = listed(boss, day, q=term)
    assert row.endswith("settle:272007 Only in the ledger alice not there 0.00 USD 77.00 USD")


def test_a_player_is_found_on_either_side(boss: Staff, day: Statement) -> None:
    assert [row.split()[1] for row in listed(boss, day, q="erin")] == ["settle:272003"]
    assert [row.split()[1] for row in listed(boss, day, q="carol")] == ["settle:272003"]
    assert len(listed(boss, day, q="alice")) == 5
    assert "Nothing in this statement" in listed(boss, day, q="ali")[0]


def test_another_statements_rows_are_not_found(boss: Staff, day: Statement) -> None:
    other = days.statement([("999", "alice", "USD", "0", "1")], file_name="other.csv")
    assert [row.split()[1] for row in listed(boss, other, q="999")] == ["settle:999"]
    assert "Nothing in this statement" in listed(boss, day, q="999")[0]


def test_a_row_of_a_file_is_inert(boss: Staff, books: Books) -> None:
    days.book(books)
    long = "x" * 10_000
    one = days.statement(days.LISTED[:2], more={HOSTILE: HOSTILE, "long": long}, file_name=HOSTILE)
    for page in (boss.get(at(one)), boss.get(at(one, "rows")), boss.get(LIST)):
        assert "<script>window" not in page
        assert "\u202e" not in page
    page = boss.get(at(one, "rows"))
    assert "\\u202e" in page
    assert "x" * 2_001 not in page


def test_an_original_that_is_no_object_is_shown_as_text(boss: Staff, books: Books) -> None:
    one = days.statement([], rejected=[("[1, 2]", "no"), ("{broken", "no")], is_matched=False)
    assert not staff.missing(boss.get(at(one, "rejected")), ["[1, 2]", "{broken"])


# -- Totals ----------------------------------------------------------------------------------------


@pytest.fixture
def totals(boss: Staff, books: Books) -> Statement:
    days.book(books)
    format = StatementFormat.objects.create(name="sums", layout="totals")
    one = days.statement([], format=format, is_matched=False)
    Total.objects.create(
        statement=one, number=2, currency="USD", operation="settle", uid="alice", count=4,
        credit=Decimal("1330.50"),
    )  # fmt: skip
    matching.match(one, at=days.LATER)
    return one


def test_totals_stand_beside_ours(boss: Staff, totals: Statement) -> None:
    html = boss.get(at(totals))
    table = html.partition('<table class="cage-grid cage-totals">')[2].partition("</table>")[0]
    dash = "–"  # noqa: RUF001
    case = Case.objects.get()
    assert texts(table, r"<tr>(.*?)</tr>")[1:] == [
        f"2 settle alice USD Statement 4 {dash} 1,330.50 {dash} "
        f"Our movements Case #{case.pk}: {case.get_kind_display()}",
        "Our books 3 0.00 1,330.50 1,330.50",
        f"Difference +1 {dash} 0.00 {dash}",
    ]
    assert "Totals only" in boss.get(LIST)
    assert "compared as they are given: 1 case is open." in html


def test_a_total_leads_to_our_movements_of_its_grain(
    boss: Staff, books: Books, totals: Statement
) -> None:
    ledger.post(
        [
            instruction("1", ("alice", "USD", "1", "0"), provider="sud", occurred_at=days.NOON),
            instruction("2", ("alice", "USD", "1", "0"), provider="jdb", occurred_at=days.LATER),
        ],
        at=days.NOON,
    )
    html = boss.get(at(totals, "ours"), total="2")
    table = html.partition('<table class="cage-grid cage-ours">')[2].partition("</table>")[0]
    noon = "2026-11-20 08:00:00 UTC-04:00 12:00:00 UTC"
    assert texts(table, r"<tr>(.*?)</tr>")[1:] == [
        f"settle:272001 Settlement alice 0.00 USD 1,250.50 USD {noon}",
        f"settle:272005 Settlement alice 0.00 USD 3.00 USD {noon}",
        f"settle:272007 Settlement alice 0.00 USD 77.00 USD {noon}",
    ]
    assert boss.answer("get", at(totals, "ours"), {"total": "3"}).status_code == 404
    assert boss.answer("get", at(totals, "ours"), {"total": "x"}).status_code == 404


# -- What is done ----------------------------------------------------------------------------------


def test_matching_again_heals_what_came_late(boss: Staff, books: Books, day: Statement) -> None:
    late = instruction("272006", ("alice", "USD", "0", "45.25"), provider="jdb")
    ledger.post([late], at=days.NOON)
    assert boss.post(at(day, "match")) == 302
    assert not Match.objects.filter(statement=day, bucket="only_in_statement").exists()
    page = boss.get(at(day))
    assert not staff.missing(page, ["It was matched again.", "Matched again.", "boss"])


def test_withdrawing_asks_why_and_keeps_the_answer(boss: Staff, day: Statement) -> None:
    page = boss.get(at(day, "withdraw"))
    assert "It is kept as evidence and counts no more" in page
    assert boss.post(at(day, "withdraw"), why="") == 200
    day.refresh_from_db()
    assert day.status == "imported"

    assert boss.post(at(day, "withdraw"), why=f"Another day's file {HOSTILE}") == 302
    day.refresh_from_db()
    assert day.status == "withdrawn"
    assert not Match.objects.filter(statement=day).exists()
    page = boss.get(at(day))
    assert not staff.missing(page, ["Withdrawn. Another day&#x27;s file", "It was taken back"])
    assert "<script>window" not in page
    assert "Match again" not in page
    assert boss.post(at(day, "withdraw"), why="again") == 302
    assert boss.post(at(day, "match")) == 302
    assert not Match.objects.filter(statement=day).exists()


# -- Who may ---------------------------------------------------------------------------------------

LOOKING = ["change", "rows", "rejected", "totals", "ours"]
WORKING = ["match", "withdraw"]


@pytest.mark.parametrize("word", LOOKING)
def test_who_may_not_look_sees_nothing(boss: Staff, day: Statement, word: str) -> None:
    nobody = staff.viewer("view_case", "change_statement")
    # Django lets those look who may change.
    expected = 200 if word == "change" else 403
    assert nobody.answer("get", at(day, word), {}).status_code == expected
    nobody.user.user_permissions.clear()
    assert Staff(nobody.user).answer("get", at(day, word), {}).status_code == 403


@pytest.mark.parametrize("word", WORKING)
def test_who_may_only_look_changes_nothing(boss: Staff, day: Statement, word: str) -> None:
    viewer = staff.viewer("view_statement", "add_statement")
    before = set(Match.objects.values_list("id", flat=True)), day.matched_at
    assert viewer.post(at(day, word), why="because") == 403
    day.refresh_from_db()
    assert (set(Match.objects.values_list("id", flat=True)), day.matched_at) == before
    assert day.status == "imported"
    page = viewer.get(at(day))
    assert "Match again" not in page
    assert "Withdraw" not in page


@pytest.mark.parametrize("word", WORKING)
def test_a_post_without_a_token_changes_nothing(boss: Staff, day: Statement, word: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss.user)
    with override_settings(**staff.PLAIN):
        assert client.post(f"/admin/{at(day, word)}", {"why": "x"}).status_code == 403
    day.refresh_from_db()
    assert day.status == "imported"


def test_matching_is_only_posted(boss: Staff, day: Statement) -> None:
    assert boss.answer("get", at(day, "match"), {}).status_code == 405


def test_what_is_not_there_is_not_found(boss: Staff, day: Statement) -> None:
    for path in ("rows/", "rejected/", "totals/", "withdraw/"):
        assert boss.answer("get", f"{LIST}999/{path}", {}).status_code == 404
    assert boss.answer("get", at(day, "rows"), {"bucket": "nonsense"}).status_code == 404


# -- Taken out -------------------------------------------------------------------------------------


def test_the_rows_of_a_bucket_are_taken_out(boss: Staff, day: Statement) -> None:
    html = boss.get(at(day, "rows"), bucket="amount_differs")
    assert not staff.missing(html, ['action="/admin/take/statement/"', 'value="amount_differs"'])
    asked = {"statement": str(day.pk), "bucket": "amount_differs", "format": "csv"}
    response = boss.answer("post", "take/statement/", asked)
    assert response.status_code == 200
    lines = b"".join(response).decode().splitlines()
    assert len(lines) == 2
    assert "settle:272002" in lines[1]
    viewer = staff.viewer("view_statement")
    assert viewer.post("take/statement/", **asked) == 403
    assert "take_export" not in viewer.get(at(day))
    assert "as CSV" not in viewer.get(at(day, "rows"))


# -- A case of a statement -------------------------------------------------------------------------


def test_a_case_shows_what_the_statement_lists_of_it(boss: Staff, books: Books) -> None:
    days.book(books)
    one = days.statement(more={"note": HOSTILE})
    case = Case.objects.get(kind="repeated_line")
    html = boss.get(f"reconciliation/case/{case.pk}/change/")
    section = html.partition("<h2>In the statement</h2>")[2].partition("</section>")[0]
    assert f"/admin/reconciliation/statement/{one.pk}/change/" in section
    assert "<script>window" not in html
    rows = texts(section, r"<tr><td>(\d.*?)(?:<table|</tr>)")
    assert [row.split(" UTC-04:00 12:00:00 UTC ")[-1] for row in rows] == [
        "Matched The row of the file",
        "Repeated line The row of the file",
    ]
    assert rows[0].startswith("6 alice 0.00 USD 3.00 USD 2026-11-20 08:00:00")
    ours = Case.objects.get(kind="only_in_ledger")
    assert "The statement doesn&#x27;t list it." in boss.get(
        f"reconciliation/case/{ours.pk}/change/"
    )


def test_a_page_of_a_case_costs_the_same_with_many_lines(boss: Staff, books: Books) -> None:
    days.book(books)
    days.statement()
    case = Case.objects.get(kind="repeated_line")
    path = f"reconciliation/case/{case.pk}/change/"
    boss.get(path)
    few = len(boss.queries(path))
    two = days.statement([("272005", "alice", "USD", "0", "3")] * 60, start_at=days.DAY)
    Case.objects.filter(pk=case.pk).update(statement=two)
    assert len(boss.queries(path)) <= few
    assert "… and more" in boss.get(path)
