"""The fingerprint of an error: its message without the parts that differ from task to task."""

import re
from hashlib import blake2b

LONGEST = 500
"""How many characters of a message tell errors apart."""

VARYING = re.compile(
    r"""(?P<id>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)
    |(?P<text>"[^"\n]{0,200}"|(?<!\w)'[^'\n]{0,200}'(?!\w)|`[^`\n]{0,200}`)
    |(?P<hex>\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b)
    |(?P<n>\d+(?:[.,:]\d+)*)""",
    re.VERBOSE,
)


def pattern_of(message: str) -> str:
    """Return the first line of a message, with ids, quotations and numbers replaced by their kind."""
    (first, *_) = message[:LONGEST].strip().splitlines() or [""]
    return VARYING.sub(lambda found: f"<{found.lastgroup}>", first)


def fingerprint(type_name: str, code: str, message: str) -> str:
    """Return twelve hexadecimal digits, the same for errors of one type of task, one code and one pattern."""
    said = "\0".join((type_name, code, pattern_of(message)))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
