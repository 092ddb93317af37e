"""Deliveries whose page was found without an example: made up from its table of fields."""

BESOFT_BET = (
    b'{"action":2,"mode":0,"bet":1.0125,"uid":"useraccount","gid":"afa026","ts":1732083839446,'
    b'"roundId":"1zr83u41gohrz","transId":"1zr8cu31gohrz"}'
)

HOTROAD_CANCEL_BET = (
    b'{"ts":"2022-10-14T23:00:05.000+0800","reason":"timeout","userId":"hrgpl0001",'
    b'"txId":"AAA-251916","gameType":"LIVE","gameCode":"BACCARAT"}'
)
