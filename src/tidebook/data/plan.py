"""What a table says of the days after its history: no target yet, but covariates that are known in advance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidebook.core.arrays import F32
from tidebook.core.errors import DataFault


@dataclass(frozen=True)
class Plan:
    """Known covariates of S series on the F days after the last observed one."""

    first: np.datetime64  #: the first of the days
    values: F32  #: [S, F, K], codes and original units; NaN where the table has no row or does not say
    rows: int  #: of the table
    unstated: tuple[str, ...]  #: covariates that the history tells as a rule, and no row of the plan

    def check(self) -> None:
        """DataFault where a covariate cannot be known in advance, because no row of the plan tells it."""
        if not self.unstated:
            return
        name = self.unstated[0]
        fix = f"If {name} is known only afterwards, declare it as past; else fill in its values or remove these rows."
        raise DataFault(
            "A covariate that is declared known in the future must be told in the table's rows of the future",
            got=f"no value of {', '.join(self.unstated)} in {self.rows:,} rows from {self.first} on",
            fix=fix,
            column=name,
            unstated=list(self.unstated),
        )
