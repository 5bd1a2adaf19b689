"""No secret of a command line or an address is recorded."""

from __future__ import annotations

import pytest

from tidebook.core.masking import masked, masked_arguments


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:p@ss@host/x?api_key=1&b=2", "https://***@host/x?api_key=***&b=2"),
        ("mysql://root@db/shop", "mysql://***@db/shop"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ('{"password": "x", "lr": 1}', '{"password": "***", "lr": 1}'),
        ("HF_TOKEN=abc", "HF_TOKEN=***"),
        ("push ghp_abcdefghijklmnopqrstuv0123 up", "push *** up"),
        ("git@github.com:shop/code.git", "git@github.com:shop/code.git"),
        ("--lr=0.1 tokenizer=bert max_tokens=100 author=me", "--lr=0.1 tokenizer=bert max_tokens=100 author=me"),
    ],
)
def test_secrets_in_text_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_values_behind_flags_for_secrets_are_masked() -> None:
    command = ["python", "t.py", "--password", "hunter2", "--hf-token", "x", "--lr", "3", "--db-password=two words"]
    assert masked_arguments(command) == [
        *("python", "t.py", "--password", "***", "--hf-token", "***", "--lr", "3", "--db-password=***")
    ]
