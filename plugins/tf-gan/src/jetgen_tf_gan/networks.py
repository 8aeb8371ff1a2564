"""The refiner, which moves the particles of a draft, and its critic."""

from __future__ import annotations

from itertools import pairwise

import torch
from jetgen.torch.clouds import JetSummary
from jetgen.torch.nn.sizes import size_numbers
from torch import Tensor, nn

from jetgen_tf_gan.dropout import KeyedDropout
from jetgen_tf_gan.encoders import MeanField, Transformer
from jetgen_tf_gan.pairs import Pairs, Pull
from jetgen_tf_gan.settings import TFGANSettings
from jetgen_tf_gan.shapes import SHAPES, jet_shapes

__all__ = ["Critic", "Refiner", "never_acts"]

_SIZE = 2
_REFINER_SLOPE, _CRITIC_SLOPE = 0.01, 0.2
_TOKENS = {"none": [], "mass": [0], "mass+pt": [0, 1], "summary": [0, 1, 2, 3]}
_TOKENS["shapes"] = [*_TOKENS["summary"], *range(JetSummary.size, JetSummary.size + len(SHAPES))]


def never_acts(settings: TFGANSettings) -> tuple[int, int]:
    """The parameters of the published refiner and critic that never act, and that ours do not have.

    They are a linear map to three features beside the last layers of the refiner, and one more layer of the critic.
    """
    width, hidden = settings.critic_width, settings.critic_hidden
    return 3 * settings.width + 3, 4 * width**2 + 9 * width + 2 * width * hidden + hidden


def _encoder(settings: TFGANSettings, prefix: str, known: int, slope: float) -> Transformer | MeanField:
    one = settings
    width, hidden, heads, blocks = (getattr(one, prefix + name) for name in ("width", "hidden", "heads", "blocks"))
    if one.backbone == "mdma":
        return MeanField(width, hidden, heads, blocks, known)
    return Transformer(width, hidden, heads, blocks, one.dropout, slope, norm_first=not one.published_form)


class _SetNetwork(nn.Module):
    """Embedding and encoder, as both networks have them."""

    def __init__(
        self,
        settings: TFGANSettings,
        prefix: str,
        features: int,
        known: int,
        slope: float,
        observer: JetSummary,
        *,
        pulls: bool,
    ) -> None:
        super().__init__()
        width, heads = (getattr(settings, prefix + name) for name in ("width", "heads"))
        self.embed = nn.Linear(features, width)
        self.condition = None if settings.published_form else nn.Linear(known, width, bias=False)
        self.encoder = _encoder(settings, prefix, known, slope)
        self.heads = heads
        self.pairs: Pairs | None = None
        if settings.pairs and settings.backbone == "transformer":
            self.pairs = Pairs(settings.pairs, (1 + pulls) * heads, width, observer)

    def encode(
        self,
        points: Tensor,
        token: Tensor | None,
        mask: Tensor,
        known: Tensor,
        keys: Tensor | None,
        seen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Particles and token after the encoder, and biases (B, heads, P, P) for a further attention.

        Arguments:
            seen: the logarithms of the pairs, if not those of ``points``.

        A network without pulls has no heads for that attention.
        """
        embedded, bias, further = self.embed(points), None, None
        if self.condition is not None:
            embedded = embedded + self.condition(known).unsqueeze(1)
        if self.pairs is not None:
            biases, message = self.pairs(self.pairs.logarithms(points) if seen is None else seen, mask)
            embedded, (bias, further) = embedded + message, (biases[:, : self.heads], biases[:, self.heads :])
        return (*self.encoder(embedded, token, mask, known, bias, keys), further)


class Refiner(nn.Module):
    """A draft to a jet: x = z + R(z), whatever the order of the particles.

    Arguments:
        settings: of the network.
        features: numbers of a preprocessed particle.
        conditioning: numbers of the encoded conditioning.
        largest: the largest multiplicity.
        observer: of jets as a whole.
    """

    def __init__(
        self, settings: TFGANSettings, features: int, conditioning: int, largest: int, observer: JetSummary
    ) -> None:
        super().__init__()
        one, self.largest = settings, largest
        slope = 0.0 if one.published_form else _REFINER_SLOPE
        self.body = _SetNetwork(one, "", features, _SIZE + conditioning, slope, observer, pulls=True)
        self._observer = [observer] if one.keeps_summary else []
        self.pull = None if self.body.pairs is None else Pull(one.width, one.heads, features)
        widths = [one.width, one.hidden, one.hidden, features]
        self.maps = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(widths))
        self.drops = nn.ModuleList(KeyedDropout(one.dropout / 2) for _ in self.maps[:-1])
        self.act = nn.LeakyReLU(_REFINER_SLOPE)
        _start(self, one)
        if not one.published_form:  # the first jets are those of the base
            for parameter in self.maps[-1].parameters():
                nn.init.zeros_(parameter)
        KeyedDropout.enumerate(self)

    def forward(self, draft: Tensor, mask: Tensor, conditioning: Tensor, keys: Tensor | None = None) -> Tensor:
        """Preprocessed particles (B, P, W), 0 in empty slots, of a ``draft`` (B, P, W).

        Arguments:
            mask: (B, P), True at particles.
            conditioning: (B, C), encoded.
            keys: int64 (B,), of dropout in generation; None for none.
        """
        known = _known(mask, conditioning, self.largest)
        inner, _, bias = self.body.encode(draft, None, mask, known, keys)
        points = inner
        for layer, drop in zip(self.maps[:-1], self.drops, strict=True):
            points = drop(self.act(layer(points)), keys)
        moves: Tensor = self.maps[-1](points)
        if self.pull is not None and bias is not None:
            moves = moves + self.pull(inner, draft, bias, mask)
        refined = (draft + moves) * mask.unsqueeze(-1)
        for observer in self._observer:
            refined = observer.rescaled(refined, mask, observer.raw(draft, mask))[0]
        return refined


class Critic(nn.Module):
    """A jet to a score. A token attends to all particles; it knows the jet as a whole, in physical units.

    Arguments: as of :class:`Refiner`.
    """

    def __init__(
        self, settings: TFGANSettings, features: int, conditioning: int, largest: int, observer: JetSummary
    ) -> None:
        super().__init__()
        one, self.largest = settings, largest
        self._observer = [observer]
        self.shown = _TOKENS[one.token]
        slope = _CRITIC_SLOPE
        self.body = _SetNetwork(one, "critic_", features, _SIZE + conditioning, slope, observer, pulls=False)
        at_start = self.shown if one.token_at in ("start", "both") else []
        at_end = self.shown if one.token_at in ("end", "both") else []
        self.token = nn.Linear(len(at_start), one.critic_width) if at_start else None
        self.beside = bool(at_end)
        widths = [one.critic_width + len(at_end), 2 * one.critic_hidden, one.critic_hidden, 1]
        maps = [nn.Linear(i, o) for i, o in pairwise(widths)]
        self.head = nn.Sequential(maps[0], nn.LeakyReLU(slope), maps[1], nn.LeakyReLU(slope), maps[2])
        _start(self, one)

    def forward(
        self,
        points: Tensor,
        mask: Tensor,
        conditioning: Tensor,
        pt_noise: Tensor | None = None,
        pairs: Tensor | None = None,
    ) -> Tensor:
        """The scores (B,) of preprocessed particles (B, P, W).

        Arguments:
            pairs: the logarithms of their pairs, for slopes by them.
            pt_noise: (B,), added to the standardised momentum, which would make the critic too strong at first.
        """
        known = _known(mask, conditioning, self.largest)
        whole = self._observer[0](points, mask)
        if pt_noise is not None:
            whole = torch.cat([whole[:, :1], whole[:, 1:2] + pt_noise.unsqueeze(1), whole[:, 2:]], 1)
        if len(self.shown) > whole.shape[1]:
            whole = torch.cat([whole, jet_shapes(self._observer[0], points, mask)], 1)
        whole = whole[:, self.shown]
        start = points.new_zeros(len(points), self.body.embed.out_features)
        token = start if self.token is None else self.token(whole)
        found = self.body.encode(points, token, mask, known, None, pairs)[1]
        score: Tensor = self.head(torch.cat([found, whole], 1) if self.beside else found)
        return score.squeeze(1)


def _known(mask: Tensor, conditioning: Tensor, largest: int) -> Tensor:
    return torch.cat([size_numbers(mask.sum(1), largest), conditioning], 1)


def _start(module: nn.Module, settings: TFGANSettings) -> None:
    """Xavier's normal weights for all matrices in the published networks."""
    if settings.published_form:
        for parameter in module.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_normal_(parameter)
