"""The made-up hour: the times of its events, in milliseconds since the epoch."""

SECOND = 1_000
MINUTE = 60 * SECOND
NOW = 1_795_530_740_000
"""2026-11-24, 14:32:20 UTC: the moment of the pictures."""
START = NOW - 60 * MINUTE
RUSHES = {NOW - 34 * MINUTE: 60, NOW - 30 * SECOND: 9}
"""When a whole album of pictures comes at once, and how many pictures it has."""
CRASH = NOW - 21 * MINUTE
AWAY = range(NOW - 26 * MINUTE, NOW - 16 * MINUTE)
"""The time in which a partner's server was away."""
EXPIRED = NOW - 14 * MINUTE
"""When the newsletter's mail relay began to refuse mails."""
PAUSED = NOW - 4 * MINUTE
