# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage 2's own network: a latent video diffusion model that speaks and gestures, after EMO2 (arXiv 2501.10687).

`pipeline.TalkingPipeline` renders; `network.TalkingNetwork` is what training sees; `configs` holds the sizes; each
other module is one part. Every module imports torch, so that `chironomy.video` itself stays light.
"""
