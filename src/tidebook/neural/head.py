"""From what an encoder made of a window to forecasts from its last positions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

REACH = (
    3  #: days to each side whose known covariates a day's forecast sees: the day before a holiday is not like others
)


class Head(nn.Module):
    """Forecasts `output_length` days at once from a position's encoding, with the known of the days around each.

    forward(encoded[B, L, H], known[B, D + O, K], static[B, S]) -> [B, N, O, Q]: from the last N = `positions` of the L
    positions while training, from the last one alone otherwise. The known are those of the D days up to the last
    position, of which REACH + N - 1 are enough, and of the O days after it. Their last `earlier_size` columns are
    earlier values of the target.

    A day's known become H features, once for all positions that forecast it; beyond the last known day there is
    nothing to see. A position's encoding becomes H
    weights for each quantile; a forecast is their product, plus what the day alone and the distance alone say.
    So the cost of a position is that of a matrix product and not of a network for each of its O days.

    `load_state_dict` takes all sizes from the state: a head made with the defaults loads any other's.
    """

    def __init__(
        self,
        hidden_size: int,
        known_size: int = 1,
        static_size: int = 1,
        earlier_size: int = 0,
        output_length: int = 1,
        output_size: int = 1,
        dropout: float = 0.0,
        positions: int = 1,
    ) -> None:
        super().__init__()
        self.positions = positions
        self.around = nn.Conv1d(known_size - earlier_size, hidden_size, 2 * REACH + 1, bias=False)
        self.day = nn.Linear(known_size + static_size, hidden_size)
        self.mix = nn.Linear(hidden_size, hidden_size)
        self.alone = nn.Linear(known_size + hidden_size, output_size)
        self.weights = nn.Linear(hidden_size + static_size, output_size * hidden_size)
        self.distance = nn.Linear(hidden_size + static_size, output_size * output_length)
        self.dropout = nn.Dropout(dropout)
        take_sizes_from_state(self)

    def forward(self, encoded: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """[B, N, O, Q], in the window's units."""
        batch, available, hidden = encoded.shape
        quantiles = self.alone.out_features
        output = self.distance.out_features // quantiles
        count = min(self.positions, available) if self.training else 1
        length = known.shape[1] - output
        first = length - count  # the first position that forecasts; its days are first + 1 ... first + O
        width = count + output - 1  # days that are forecast from any position
        attributes = static[:, None]

        ahead = known[:, first + 1 : length + output]
        features = self.day(torch.cat((ahead, attributes.expand(-1, width, -1)), -1)) + self._around(known, first + 1)
        features = nn.functional.silu(features)
        features = features + nn.functional.silu(self.mix(self.dropout(features)))  # [B, W, H]
        alone = self.alone(torch.cat((ahead, features), -1))  # [B, W, Q]

        position = torch.cat((self.dropout(encoded[:, -count:]), attributes.expand(-1, count, -1)), -1)
        weights = self.weights(position).view(batch, count, quantiles, hidden) * hidden**-0.5
        by_day = torch.einsum("bnqh,bwh->bqnw", weights, features) + alone.transpose(1, 2)[:, :, None]
        # Position n forecasts days n ... n + O - 1 of the W. Rows one longer shift each row by its own number.
        shifted = nn.functional.pad(by_day.flatten(2), (0, count)).view(batch, quantiles, count, width + 1)
        by_distance: Tensor = self.distance(position).view(batch, count, output, quantiles)
        return shifted[..., :output].permute(0, 2, 3, 1) + by_distance

    def _around(self, known: Tensor, first: int) -> Tensor:
        """[B, days from `first`, H]: what the covariates of the days around each say.

        Not the earlier values: those of the days after a position's last would be of days after its origin.
        """
        covariates = known[..., : self.around.in_channels].transpose(1, 2)
        padded = nn.functional.pad(covariates, (REACH, REACH))[:, :, first:]
        result: Tensor = self.around(padded).transpose(1, 2)
        return result


def take_sizes_from_state(module: nn.Module) -> None:
    """Lets `module.load_state_dict` replace parameters, its children's too, that have another shape in the state."""

    def resize(owner: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
        for name, parameter in list(owner.named_parameters()):
            stored = state.get(prefix + name)
            if stored is None or stored.shape == parameter.shape:
                continue
            path, _dot, leaf = name.rpartition(".")
            holder = owner.get_submodule(path)
            setattr(holder, leaf, nn.Parameter(parameter.new_empty(stored.shape)))
            if leaf == "weight" and isinstance(holder, nn.Linear):
                holder.out_features, holder.in_features = stored.shape
            if leaf == "weight" and isinstance(holder, nn.Conv1d):
                holder.out_channels, holder.in_channels = stored.shape[:2]

    module.register_load_state_dict_pre_hook(resize)
