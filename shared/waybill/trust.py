"""The certificate authorities that the client trusts."""

import os
from pathlib import Path

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables with the file or folder of the authorities' certificates; the first one that is set counts."""


class NoAuthorities(Exception):
    """The path in a variable does not exist; the message is one line."""


def authorities() -> str | None:
    """Return the file or folder that the environment names; None if it names none. Raises NoAuthorities."""
    for name in VARIABLES:
        if path := os.environ.get(name):
            if not Path(path).exists():
                raise NoAuthorities(f"{name}: there is no {path}")
            return path
    return None
