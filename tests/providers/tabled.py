"""Deliveries whose page was found without an example: made up from its table of fields."""

HOTROAD_CANCEL_BET = (
    b'{"ts":"2022-10-14T23:00:05.000+0800","reason":"timeout","userId":"hrgpl0001",'
    b'"txId":"AAA-251916","gameType":"LIVE","gameCode":"BACCARAT"}'
)
