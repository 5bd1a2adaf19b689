"""Text from command lines and addresses without the secrets in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "***"
# "author", "tokenizer" and "max_tokens" are no secrets; "HF_TOKEN" and "apiToken" are.
_NAME = (
    r"(?:token(?![a-z])|password|passwd|passphrase|pwd(?![a-z])|secret|credential|(?:api|access|private)[-_]?key"
    r"|(?<![a-z])auth(?![a-z]))"
)
_FLAG = re.compile(rf"(?i)-{{1,2}}[\w.-]*{_NAME}[\w.-]*")
_WHOLE = re.compile(rf"(?is)(-{{0,2}}[\w.-]*{_NAME}[\w.-]*=).+")
_ASSIGNED = re.compile(rf"(?i)([\w.-]*{_NAME}[\w.-]*['\"]?\s*[=:]\s*['\"]?)([^\s&;,'\"}})]+)")
_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s]*@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_KNOWN = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|sk-[\w-]{16,}|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{12,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)  #: tokens that show by their form what they are


def masked(text: str) -> str:
    """`text` with the values of passwords, tokens and keys, and the user part of URLs, replaced by ***."""
    text = _USER.sub(rf"\1{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    return _KNOWN.sub(MASK, text)


def masked_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command, the value behind a flag such as --token masked, too."""
    shown: list[str] = []
    hidden = False
    for argument in arguments:
        if hidden and not argument.startswith("--"):
            shown.append(MASK)
        elif whole := _WHOLE.fullmatch(argument):
            shown.append(whole[1] + MASK)
        else:
            shown.append(masked(argument))
        hidden = bool(_FLAG.fullmatch(argument))
    return shown
