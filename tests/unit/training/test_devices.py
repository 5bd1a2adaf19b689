from __future__ import annotations

import pytest
import torch

from tidebook.core.errors import InvalidInput
from tidebook.training.devices import choose


def test_auto_takes_what_there_is() -> None:
    assert choose("auto") in {"cpu", "cuda", "mps"}
    assert choose("cpu") == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"The device must be there, but got cuda:3\. Choose auto, or one of cpu"):
        choose("cuda:3")
