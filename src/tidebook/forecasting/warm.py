"""What is kept in memory between forecasts: models and panels, the least recently used given up first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from tidebook.core.scope import Address, Scope
from tidebook.core.settings import Settings
from tidebook.data.locate import Located
from tidebook.forecasting.engine import PredictionEngine
from tidebook.registry import ModelManager

if TYPE_CHECKING:
    from tidebook.data.panel import Panel

V = TypeVar("V")


class Kept(Generic[V]):
    """At most `limit` values by key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of `key`, made the first time."""
        if key not in self._values:
            self._values[key] = make()
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class Warm:
    """Models and panels at hand."""

    def __init__(self, models: int = 8, panels: int = 8) -> None:
        self._engines: Kept[PredictionEngine] = Kept(models)
        self._panels: Kept[Panel] = Kept(panels)

    def engine(self, address: Address, manager: ModelManager, settings: Settings) -> PredictionEngine:
        """The engine of a version; NotFound where it is deleted, whether or not it was kept."""
        folder = manager.path(address)
        return self._engines.get(folder, lambda: PredictionEngine(folder / "model.pth", plugins=settings.plugins))

    def panel(
        self, located: Located, scope: Scope, known_future: tuple[str, ...], categories: dict[str, tuple[str, ...]]
    ) -> Panel:
        """The panel of a scope, text read as in `categories`; read again when its file has changed."""
        from tidebook.data.load import load_panel

        stat = located.path.stat()
        texts = tuple(sorted(categories.items()))
        key = (located.path, stat.st_mtime_ns, stat.st_size, located.mapping, scope, known_future, texts)
        return self._panels.get(
            key,
            lambda: load_panel(located.path, located.mapping, scope, known_future=known_future, categories=categories),
        )
