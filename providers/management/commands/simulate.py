"""manage.py simulate: providers that send to a running Cage, and their verdict on the books."""

import json
import random
import signal
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from providers.simulators import report, simulation
from providers.simulators.course import Course, Stop
from providers.simulators.orders import Shares
from providers.simulators.ticker import Ticker

HELP = """\
Let simulated providers play against a running Cage over HTTP, then compare what they hold to be
true by what they were told with what the books say. All of this must be 0, else the exit status
is 1:

  acknowledged but not paid    the provider heard success and the books know nothing of it
  paid twice                   a balance that its bets and payments don't explain
  paid wrongly                 other player, currency or amount than asked for; or a conflicting
                               copy (other terms under a known id) was acknowledged
  paid although void           the provider heard a refusal that ends the order, and it is paid
  bet not taken                the provider heard success, and the books took nothing
  bet taken although failed    the provider heard a final refusal, and the books took the stake
  cancel not given back        the provider heard that the bet is cancelled, and it is still taken
  settled although cancelled   a settlement names a bet that failed or was cancelled
  open on one side only        a bet that waits for its settlement here and not there
  balance below zero           of any player
  balance refused              a player with a wallet asked for its balance again and again in vain

With --rounds (always in the demo) they play whole rounds: bets, then the settlements of those that
were taken; a bet that wasn't answered well is cancelled as its provider does it, and now and then
a good one is. Without --rounds a settlement comes alone, except from a provider that is configured
to have it refused without its bet ("unknown_bet": "refuse", the default of some).

Deliveries are encrypted and signed as each provider does it. Resends carry new timestamps and
nonces, half of them at the same time as the original. What gets no answer (HTTP error, broken
connection, 3 s) is sent again, or cancelled, until it is answered, so the server may be killed
meanwhile. What is refused but owed is sent again a few times. The players are sim-01, sim-02, ...,
test players that are opened and topped up at the start. A production database is refused.

  simulate --rounds --provider jdb --rate 20 --seconds 60 --seed 7     a minute of JDB, repeatable
  simulate --rate 0 --seconds 30                                       as fast as it goes
  simulate --demo                                                      gently, until Ctrl-C
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        for name, kind, default, text in NUMBERS:
            add(f"--{name}", type=kind, default=default, help=text)
        add(
            "--provider",
            action="append",
            default=[],
            help="a provider's name; again for more (all that are configured and not retired)",
        )
        url = "http://127.0.0.1:8000"
        add(
            "--url",
            default=url,
            help=f"where Cage runs ({url}); its hosts, with commas",
        )
        add("--json", action="store_true", help="print the result as JSON")
        add("--rounds", action="store_true", help="play whole rounds, from the bet on")
        add("--demo", action="store_true", help="play gently until Ctrl-C and tell what happens")

    def handle(self, *args: Any, **options: Any) -> None:
        course = _course(options)
        stop = Stop()
        console = report.console(for_people=not options["json"])
        try:
            with asked_by_signals(stop), Ticker(console, seconds=course.seconds) as ticker:
                result = simulation.run(course, options["provider"], stop=stop, watch=ticker.tick)
        except simulation.CannotSimulate as problem:
            raise CommandError(str(problem)) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(result), indent=2))
        else:
            report.show(result, console)
        if not result.is_good:
            raise SystemExit(1)


@contextmanager
def asked_by_signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C and `kill` ask `stop`: open rounds are finished, a second one doesn't wait."""
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _course(options: dict[str, Any]) -> Course:
    demo, rate, seconds = options["demo"], options["rate"], options["seconds"]
    polls = options["polls"]
    return Course(
        rate=rate if rate is not None else 3.0 if demo else 20.0,
        seconds=seconds if seconds is not None or demo else 60.0,
        shares=Shares(
            resends=options["resends"],
            conflicts=options["conflicts"],
            lost_replies=options["lost_replies"],
            unknown_players=options["unknown_players"],
            polls=polls if polls is not None else 0.3 if demo else 0.0,
        ),
        seed=options["seed"] if options["seed"] is not None else random.randrange(10**6),
        players=options["players"],
        connections=options["connections"],
        patience=options["patience"],
        url=options["url"],
        rounds=options["rounds"] or demo,
    )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ArgumentTypeError("a share is between 0 and 1")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError("must be 0 or more")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ArgumentTypeError("must be 1 or more")
    return value


# Name, type, default (None: it depends on --demo) and help.
NUMBERS = (
    ("rate", _not_negative, None, "new rounds a second; 0: as many as possible (20, demo 3)"),
    ("seconds", _not_negative, None, "how long new ones come (60, with --demo for ever)"),
    ("resends", _share, 0.1, "share of messages sent again although all is well (0.1)"),
    (
        "conflicts",
        _share,
        0.01,
        "share of bets and payments followed by a copy with other terms (0.01)",
    ),
    ("lost-replies", _share, 0.02, "share of messages whose reply gets lost (0.02)"),
    ("unknown-players", _share, 0.01, "share of rounds of somebody without a wallet (0.01)"),
    ("polls", _share, None, "share of rounds that begin with a balance query (0, with --demo 0.3)"),
    ("seed", int, None, "repeats the same choices (random)"),
    ("players", _count, 20, "how many sim- players play (20)"),
    ("connections", _count, 16, "at most so many at the same time (16)"),
    (
        "patience",
        _not_negative,
        60.0,
        "seconds that unanswered ones are sent again at the end (60)",
    ),
)
