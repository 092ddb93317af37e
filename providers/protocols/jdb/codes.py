"""What JDB is told, by status: strings of four digits, of which only a few are documented."""

from collections.abc import Mapping

from providers.protocols import base
from wallets import refusals

SUCCESS = "0000"
FAILED = "9999"
IN_PROGRESS = "9017"
STANDS = "6101"

# For every action but 4 all codes but 0000 mean the same: it failed. A conflict hears 9999, not
# 6004 or 9011: "duplicate transfer" could be taken for "it is paid".
CODES: Mapping[type[refusals.Refusal], str] = {
    refusals.InsufficientFunds: "6006",
    refusals.BetSettled: STANDS,
    refusals.UnknownPlayer: "7501",
    refusals.PlayerSuspended: "7502",
    refusals.PlayerClosed: "7504",
    base.Malformed: "8000",
    refusals.UnknownCurrency: "9023",
}

# Action 4: any status but 6101 and 9017 counts as cancelled, and 9017 is asked again. So it is
# with a delivery of which the action could not be read, as that may have been an action 4; where
# it was read, and is none that JDB has, it was none.
CANCEL_CODES: Mapping[type[refusals.Refusal], str] = {
    refusals.BetSettled: STANDS,
    refusals.InsufficientFunds: STANDS,  # The win was spent since: nothing was undone.
    base.UnknownOperation: "9007",
}
