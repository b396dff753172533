"""Other worlds: what the result hangs on. Each differs from the main one in the parameters named, and the plain model
judges it.
"""

OTHERS = {
    "staff sign in through IAM Identity Center, so that the session is a person": {
        "SSO_ROLE": "AWSReservedSSO_{team}_0123456789abcdef"
    },
    "staff work half as often in their bucket": {"STAFF_VISITS": 0.1},
    "staff work at home nine times in ten": {"REMOTE": 0.9},
    "every leaked link is a portal's": {"LEAK_FROM_PORTAL": 1.0},
}
