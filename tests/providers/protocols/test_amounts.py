"""Amounts are read exactly, or not at all."""

import decimal
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.protocols import amounts
from providers.protocols.base import Malformed
from wallets import money

ONE = Decimal(1)


def number(token: str, decimals: int = 4) -> Decimal:
    return amounts.from_number(token.encode(), decimals=decimals, field="bet")


def text(value: str, decimals: int = 4) -> Decimal:
    return amounts.from_text(value, decimals=decimals, field="winAmount")


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("0e99", "0"),
        ("0E-10", "0"),
        ("1.00", "1"),
        ("10", "10"),
        ("-2.5", "-2.5"),
        ("1.0E7", "10000000"),  # Java's own spelling of a double from ten million on.
        ("1.2345678E7", "12345678"),
        ("1.0E-3", "0.001"),
        ("1e2", "100"),
        ("0.1230000000000000000000", "0.123"),
        ("999999999999999999", "999999999999999999"),
        ("12345678901234.5678", "12345678901234.5678"),  # More digits than a double: exact.
    ],
)
def test_a_number_is_the_decimal_that_its_text_says(token: str, value: str) -> None:
    assert number(token) == Decimal(value)
    assert not number(token).is_signed() or Decimal(value) < 0


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("0.30000000000000004", "0.3"),
        ("0.7999999999999999", "0.8"),
        ("100.19999999999999", "100.2"),
        ("1.1500000000000001", "1.15"),
        ("-0.30000000000000004", "-0.3"),
        ("123456789012.34001", "123456789012.34"),
        ("2.7755575615628914E-17", "0"),  # 0.3 - 0.2 - 0.1
        ("-2.7755575615628914E-17", "0"),
    ],
)
def test_a_double_with_binary_noise_is_the_short_decimal(token: str, value: str) -> None:
    assert number(token) == Decimal(value)


@pytest.mark.parametrize(
    "token",
    [
        "0.12345",
        "1e-5",
        "1e-99",
        "0.00001",
        "0.1000000000001",
        "1.00000000000001",
        "0.30000000000000404",  # Ten times more than noise.
        "100000000000000000.00001",  # 23 digits are no double.
        "123456789012345678.12345",
        "0.3000000000000000400001",
    ],
)
def test_more_decimals_than_allowed_are_malformed_not_rounded(token: str) -> None:
    with pytest.raises(Malformed, match="more than 4 decimals"):
        number(token)


@pytest.mark.parametrize("token", ["1000000000000000000", "1e18", "1e99", "9" * 40, "-1e18"])
def test_a_number_of_19_integer_digits_is_too_large(token: str) -> None:
    with pytest.raises(Malformed, match="too large"):
        number(token)


NOT_NUMBERS = [
    *[
        "",
        " ",
        "-",
        "+1",
        "01",
        "1.",
        ".5",
        "1_0",
        " 1",
        "1 ",
        "1\n",
        "0x10",
        "1e",
        "1e400",
        "1e-400",
    ],
    *["NaN", "Infinity", "-Infinity", "sNaN", "null", "true", '"1"', "[1]", "{}", "1,5", "--1"],
    *["١٢", "\uff11", "1\x00", "1" * 41, "0." + "0" * 40],
]


@pytest.mark.parametrize("token", NOT_NUMBERS)
def test_what_does_not_look_like_a_number_is_malformed(token: str) -> None:
    with pytest.raises(Malformed, match="not a decimal number"):
        number(token)


NOT_TEXT = [
    *[
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1e2",
        "1E2",
        ".5",
        "5.",
        "1_0",
        "1,5",
        "NaN",
        "Infinity",
        "0x1",
    ],
    *["١٢", "\u0661.5", "1\x00", "1" * 41, "--1", "-", "1.2.3"],
]


@pytest.mark.parametrize("value", NOT_TEXT)
def test_text_that_is_no_plain_decimal_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        text(value)


def test_text_has_no_binary_noise_so_it_must_be_short() -> None:
    assert text("10.0000") == 10
    assert text("-1.5") == Decimal("-1.5")
    assert not text("-0.0").is_signed()
    with pytest.raises(Malformed):
        text("0.30000000000000004")
    with pytest.raises(Malformed):
        text("1000000000000000000")


def test_a_factor_is_applied_exactly_or_the_amount_is_malformed() -> None:
    def dong(value: str, factor: str) -> Decimal:
        return amounts.in_currency(Decimal(value), factor=Decimal(factor), field="amount")

    assert dong("0.1", "1000") == 100
    assert dong("-7", "0.01") == Decimal("-0.07")
    for value, factor in [
        ("0.000001", "0.001"),  # 9 decimals.
        ("999999999999999999", "1000"),  # 21 digits.
        ("0.123456", "0.1234567"),
        ("1.2345678", "1.23456789012345678901234567"),
    ]:
        with pytest.raises(Malformed):
            dong(value, factor)


@pytest.mark.parametrize(
    ("balance", "decimals", "factor", "shown"),
    [
        ("3000.01", 2, "1", "3000.01"),
        ("3000.019999", 2, "1", "3000.01"),
        ("0.00999999", 2, "1", "0.00"),
        ("12", 0, "1", "12"),
        ("12.99999999", 4, "1", "12.9999"),
        ("1234567", 2, "1000", "1234.56"),
        ("1999", 0, "1000", "1"),
        ("10", 2, "3", "3.33"),
        ("0.29", 0, "0.01", "29"),
        ("99999999999999999999.99999999", 8, "1", "99999999999999999999.99999999"),
        ("99999999999999999999.99999999", 2, "0.00000001", "9999999999999999999999999999.00"),
    ],
)
def test_a_balance_is_shown_truncated(balance: str, decimals: int, factor: str, shown: str) -> None:
    assert amounts.shown(Decimal(balance), decimals=decimals, factor=Decimal(factor)) == shown


@pytest.mark.parametrize(
    "factor", ["0", "-1", "NaN", "sNaN", "Infinity", "1e-9", "1e30", "1." + "1" * 60]
)
def test_a_factor_must_be_an_amount_above_zero(factor: str) -> None:
    assert not amounts.is_factor(Decimal(factor))


def test_what_only_informs_is_an_amount_or_nothing() -> None:
    assert amounts.stated("0.2", decimals=6) == Decimal("0.2")
    assert amounts.stated("0.2", decimals=6, factor=Decimal(1000)) == 200
    for useless in ("", "-1.0", "x", "NaN", "0.00000001", "1e17"[:0]):
        assert amounts.stated(useless, decimals=6) is None


@pytest.fixture
def hostile_context() -> Iterator[None]:
    """A thread's decimal context that would round, trap or floor whatever uses it."""
    with decimal.localcontext(
        decimal.Context(prec=1, rounding=decimal.ROUND_UP, Emax=3, Emin=-3, traps=[])
    ):
        yield


@pytest.mark.usefixtures("hostile_context")
def test_the_thread_s_decimal_context_changes_nothing() -> None:
    assert str(number("1234567.8912")) == "1234567.8912"
    assert str(number("0.30000000000000004")) == "0.3000"
    assert str(text("-1234567.8912")) == "-1234567.8912"
    assert amounts.shown(Decimal("1234567.8999"), decimals=2) == "1234567.89"
    factor = Decimal("1000")
    assert str(amounts.in_currency(Decimal("12.345"), factor=factor, field="")) == "12345.000"
    for token in ("1e99", "0.12345", "9" * 40):
        with pytest.raises(Malformed):
            number(token)


DECIMALS = st.integers(0, 8)


@given(st.decimals(-(10**18) + 1, 10**18 - 1, places=4, allow_nan=False))
def test_every_short_decimal_is_read_back(value: Decimal) -> None:
    assert number(f"{value:f}") == text(f"{value:f}") == value


@given(st.integers(-(10**13), 10**13))
def test_every_double_nearest_to_a_short_decimal_is_that_decimal(hundredths: int) -> None:
    value = Decimal(hundredths).scaleb(-2)
    assert number(json.dumps(float(value)), 2) == value


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=5))
def test_a_sum_of_a_few_doubles_is_the_decimal_sum(hundredths: list[int]) -> None:
    total = 0.0
    for part in hundredths:
        total += part / 100
    exact = Decimal(sum(hundredths)).scaleb(-2)
    error = abs(Decimal(total) - exact)
    if error <= Decimal(4 * 2**-53) * max(exact, ONE):
        assert number(repr(total), 2) == exact


@given(st.from_regex(amounts.NUMBER.pattern.decode(), fullmatch=True), DECIMALS)
def test_whatever_looks_like_a_number_fits_a_money_column_or_is_malformed(
    token: str, decimals: int
) -> None:
    try:
        value = number(token, decimals)
    except Malformed:
        return
    assert money.fits(value.copy_abs())
    assert abs(value - Decimal(token)) <= max(ONE, abs(value)) * Decimal("1e-15")


@given(st.text(max_size=50), DECIMALS)
def test_no_text_makes_anything_but_malformed(value: str, decimals: int) -> None:
    for read in (lambda: number(value, decimals), lambda: text(value, decimals)):
        try:
            assert money.fits(read().copy_abs())
        except (Malformed, UnicodeEncodeError):
            continue
