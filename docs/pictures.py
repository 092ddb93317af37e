"""The README's pictures, made from demo data: python docs/pictures.py [--only conflict]

    .venv/bin/python docs/pictures.py                 starts a demo of its own, and ends it
    .venv/bin/python docs/pictures.py --home .cage    takes the one that runs on that CAGE_HOME
    .venv/bin/python docs/pictures.py --to /tmp/look --scheme dark

A demo of its own plays for two minutes, so that the bookkeeping has opened its cases; a statement
of what it booked, with a few rows changed, is imported through the form. Chromium (Debian's, by
Playwright) takes each picture 1280 pixels wide into docs/<name>.png. A picture of more than 250 KB
is refused: a README is read over slow lines too. A new picture is a line in PICTURES.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WIDTH, HEIGHT, TALLEST = 1280, 800, 1400  # pixels
LARGEST = 250_000  # bytes
PLAYS = 120.0  # seconds, until the bookkeeping has looked at what came
PROVIDER = "besoft"  # Its day is of UTC.


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`path` is below /admin/; `follow` is clicked there, one selector after the other. Taken is
    the whole page up to TALLEST, or with `folded` what fits on a screen."""

    path: str
    follow: tuple[str, ...] = ()
    folded: bool = False


ROW = "#result_list tbody:first-of-type th a"
PICTURES = {
    "dashboard": Picture(path=""),
    "round": Picture(
        path="wallets/transaction/?provider=hotroad&kind=settlement",
        follow=(ROW, "a:has-text('Story of its round')"),
        folded=True,
    ),
    "callbacks": Picture(path="providers/callback/", folded=True),
    "conflict": Picture(path="reconciliation/case/?list=open&kind__exact=conflict", follow=(ROW,)),
    "statement": Picture(path="reconciliation/statement/", follow=("#result_list .field-named a",)),
}
# What the statement is made of: the first of each hundred is left out, the next has other amounts.
DUMP = """
import json
from wallets.models import Entry
rows = Entry.objects.filter(transaction__provider={provider!r}).order_by("id").values_list(
    "transaction__transaction_id", "wallet__player__uid", "wallet__currency", "debit", "credit",
    "transaction__round_id", "transaction__occurred_at", "transaction__posted_at")
print(json.dumps([[f"{{one:f}}" if hasattr(one, "normalize") else str(one) for one in row]
                  for row in rows]))
"""
HEADINGS = ["operation", "reference", "uid", "currency", "debit", "credit", "round_id"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="CAGE_HOME of a demo that runs already")
    parser.add_argument("--only", choices=sorted(PICTURES), action="append")
    parser.add_argument("--to", type=Path, default=ROOT / "docs")
    parser.add_argument("--scheme", choices=["light", "dark"], default="light")
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    with demo(asked.home) as (home, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme=asked.scheme,
            timezone_id="UTC",
        )
        page = context.new_page()
        log_in(page, url, (home / "staff_password").read_text().strip())
        if asked.home is None:
            import_statement(page, url, home)
        for name in asked.only or PICTURES:
            take(page, url, PICTURES[name], asked.to / f"{name}.png")
        browser.close()


@contextmanager
def demo(home: Path | None) -> Iterator[tuple[Path, str]]:
    """A demo's home and address: the one that runs on `home`, or one for as long as we need it."""
    if home is not None:
        yield home.resolve(), json.loads((home / "run.json").read_text())["url"]
        return
    with tempfile.TemporaryDirectory(prefix="cage-pictures-") as folder:
        child = subprocess.Popen(
            [str(ROOT / "cage"), "demo", "--port", "0"],
            env={**os.environ, "CAGE_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            found = (re.match(r"Admin\s+(http://\S+)/admin/", line) for line in child.stdout)
            url = next(match[1] for match in found if match)
            print(f"{url} plays for {PLAYS:.0f} seconds", file=sys.stderr)
            time.sleep(PLAYS)
            yield Path(folder), url
        finally:
            child.terminate()
            child.wait(timeout=60)


def log_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", password)
    page.click("#login-form button[type=submit]")
    page.wait_for_url(f"{url}/admin/")


def import_statement(page: Page, url: str, home: Path) -> None:
    """What a provider would say of today, with the faults that a day has."""
    done = subprocess.run(
        [str(ROOT / "cage"), "manage", "shell", "-v", "0", "-c", DUMP.format(provider=PROVIDER)],
        env={**os.environ, "CAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    path = home / f"{PROVIDER}-report.csv"
    booked = json.loads(done.stdout.strip().splitlines()[-1])
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*HEADINGS, "occurred_at"])
        out.writerows(rows(booked))
    page.goto(f"{url}/admin/reconciliation/statement/import/")
    page.select_option("#id_provider", PROVIDER)
    page.set_input_files("#id_file", path)
    with page.expect_navigation():
        page.click("text=Import and match")
    if not re.search(r"/statement/[0-9]+/", page.url):
        sys.exit(f"The statement was not imported.\n{page.inner_text('#content')}")


def rows(booked: list[list[str]]) -> Iterator[list[str]]:
    """One row a movement; of each hundred one is missing and one has another credit."""
    for number, (key, uid, currency, debit, credit, round_id, occurred, posted) in enumerate(
        booked
    ):
        operation, _, reference = key.partition(":")
        if number % 100 == 40:
            continue
        if number % 100 == 60:
            credit = f"{float(credit) + 1:.2f}"
        at = posted if occurred == "None" else occurred
        yield [operation, reference, uid, currency, debit, credit, round_id, at]


def take(page: Page, url: str, picture: Picture, path: Path) -> None:
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"{url}/admin/{picture.path}")
    for selector in picture.follow:
        with page.expect_navigation():
            page.click(selector)
    page.wait_for_load_state("networkidle")
    if not picture.folded:
        whole = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": WIDTH, "height": min(max(whole, HEIGHT), TALLEST)})
    page.wait_for_timeout(300)  # Fonts.
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes", file=sys.stderr)
    if size > LARGEST:
        sys.exit(f"{path.name} has more than {LARGEST:,} bytes: take less of the page.")


if __name__ == "__main__":
    main()
