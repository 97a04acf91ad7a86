# SPDX-License-Identifier: GPL-3.0-or-later
"""How the denoiser sees pictures and hears speech: attention processors for diffusers' `Attention`.

The ReferenceNet writes what enters each of its self-attentions into a bank, by module name. The denoiser's
self-attention of the same name attends over itself and the bank together (Animate Anyone, arXiv 2311.17117; EMO, arXiv
2402.17485), and its cross-attention over the speech of each frame.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from torch import nn

Bank = dict[str, torch.Tensor]
"""What the ReferenceNet saw: of each self-attention, (batch, pictures x tokens, channels)."""


class _Processor:
    """Attention in as many passes over the heads as `heads_at_once` asks for; None is one pass."""

    heads_at_once: int | None = None

    def attend(
        self,
        attn: Any,
        x: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(n, tokens, channels) attends to keys and values (n, others, channels); `mask` is added to the scores."""
        query, key, value = (
            part.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for part in (attn.to_q(x), key, value)
        )
        step = self.heads_at_once or attn.heads
        parts = [
            F.scaled_dot_product_attention(
                query[:, first : first + step],
                key[:, first : first + step],
                value[:, first : first + step],
                attn_mask=mask,
            )
            for first in range(0, attn.heads, step)
        ]
        attended = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        return attn.to_out[1](attn.to_out[0](attended.transpose(1, 2).flatten(2)))


class WritingAttention(_Processor):
    """Self-attention of the ReferenceNet; what enters it is kept in the bank under `name`."""

    def __init__(self, name: str):
        self.name = name

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        bank: Bank | None = None,
    ) -> torch.Tensor:
        """(n, tokens, channels) to itself."""
        if bank is not None:
            bank[self.name] = hidden_states
        return self.attend(attn, hidden_states, attn.to_k(hidden_states), attn.to_v(hidden_states))


class ReadingAttention(_Processor):
    """Self-attention of the denoiser over its own tokens and those that the ReferenceNet wrote under `name`."""

    def __init__(self, name: str):
        self.name = name

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        audio: torch.Tensor | None = None,
        bank: Bank | None = None,
        pictures_given: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(batch x frames, tokens, channels) to itself and the bank.

        `pictures_given` (batch, pictures) is False where a sample does not see a picture; None: it sees all.
        """
        key, value = attn.to_k(hidden_states), attn.to_v(hidden_states)
        if bank is None:
            return self.attend(attn, hidden_states, key, value)
        seen = bank[self.name].to(hidden_states.dtype)
        frames = len(hidden_states) // len(seen)
        # All frames of a sample see the same, so its keys and values are made once.
        key, value = (
            torch.cat([own, of_seen.repeat_interleave(frames, dim=0)], dim=1)
            for own, of_seen in ((key, attn.to_k(seen)), (value, attn.to_v(seen)))
        )
        mask = None
        if pictures_given is not None:
            tokens = seen.shape[1] // pictures_given.shape[1]
            hidden = ~pictures_given.repeat_interleave(tokens, dim=1).repeat_interleave(frames, dim=0)
            mask = hidden_states.new_zeros(len(key), 1, 1, key.shape[1])
            mask[:, 0, 0, hidden_states.shape[1] :].masked_fill_(hidden, float("-inf"))
        return self.attend(attn, hidden_states, key, value, mask)


class HearingAttention(_Processor):
    """Cross-attention of the denoiser to the speech of each frame, (batch x frames, tokens, channels) in `audio`."""

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        audio: torch.Tensor | None = None,
        bank: Bank | None = None,
        pictures_given: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(batch x frames, tokens, channels) to the speech of its frame."""
        assert audio is not None, "the denoiser hands the speech to every cross-attention"
        return self.attend(attn, hidden_states, attn.to_k(audio), attn.to_v(audio))


def set_heads_at_once(model: nn.Module, slice_size: str | int | None) -> None:
    """Let the attentions of this module run over a part of their heads at a time, as diffusers' attention slicing does.

    Args:
        model: with `attn_processors`.
        slice_size: "auto" for half of the heads, "max" for one at a time, their number, or None for all at once.
    """
    for module in model.modules():
        processor = getattr(module, "processor", None)
        if isinstance(processor, _Processor):
            heads = int(module.heads)  # pyright: ignore[reportArgumentType]
            sizes = {"auto": max(1, heads // 2), "max": 1}
            wanted = sizes[slice_size] if isinstance(slice_size, str) else slice_size
            processor.heads_at_once = None if wanted is None else max(1, min(int(wanted), heads))
