# SPDX-License-Identifier: GPL-3.0-or-later
"""`GestureRuntime`: speech in, hand motion out, with numpy alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chironomy.gesture.errors import GestureError
from chironomy.gesture.maker import GestureMaker
from chironomy.gesture.runtime.flow import Flow, reason_against_flow
from chironomy.gesture.runtime.network import NumpyNetwork
from chironomy.gesture.runtime.weights import read_tensors
from chironomy.reading import read_object

_ADVICE = "give the folder of a gesture model, or make the embedded one by: make train-embedded"
_WEIGHTS = "diffusion_pytorch_model.safetensors"
_LARGEST_WIDTH = 256  # torch is faster with wider ones


class GestureRuntime(GestureMaker):
    """Makes what `GesturePipeline` makes, without torch.

    Args:
        network: predicts clean motion.
        scheduler: the configuration of rectified flow.
        name: of the model, for the result's source.
    """

    def __init__(self, network: NumpyNetwork, scheduler: Mapping[str, Any], name: str = "model"):
        self.network, self.scheduler, self.name = network, scheduler, name

    @classmethod
    def from_folder(cls, folder: str | Path) -> "GestureRuntime":
        """Load a folder written by `GesturePipeline.save_pretrained` or `save_compact`.

        Raises:
            GestureError: the folder holds no gesture model, is damaged, or its model needs torch (`reason_against`).
        """
        folder = Path(folder)
        if reason := reason_against(folder):
            raise GestureError(f"the gesture model in {folder} needs torch: {reason}; load it by GesturePipeline")
        transformer = _read(folder / "transformer" / "config.json")
        try:
            network = NumpyNetwork(transformer, read_tensors(folder / "transformer" / _WEIGHTS))
        except GestureError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise GestureError(
                f"{folder} is not configured as a gesture model is ({error!r:.60}); {_ADVICE}"
            ) from error
        return cls(network, _read(folder / "scheduler" / "scheduler_config.json"), folder.name)

    def loaded_network(self) -> NumpyNetwork:
        """The network."""
        return self.network

    def noise_path(self, steps: int, seed: int) -> Flow:
        """Rectified flow in that many steps; it adds no noise."""
        return Flow(self.scheduler, steps)

    def model_name(self) -> str:
        """The name of the folder that it was loaded from."""
        return self.name


def reason_against(folder: str | Path) -> str:
    """Why the gesture model in a folder is better computed by torch; "" where numpy serves.

    Raises:
        GestureError: the folder holds no gesture model.
    """
    folder = Path(folder)
    transformer = _read(folder / "transformer" / "config.json")
    if transformer.get("audio_features", "prosody") != "prosody":
        return f"it hears {transformer['audio_features']!r:.40}"
    if transformer.get("prediction_type", "sample") != "sample":
        return f"it predicts {transformer['prediction_type']!r:.40}"
    width = transformer.get("width")
    if not isinstance(width, int) or width > _LARGEST_WIDTH:
        return f"it is {width!r:.20} wide"
    if not (folder / "transformer" / _WEIGHTS).is_file():
        return f"its weights are not in one file {_WEIGHTS}"
    return reason_against_flow(_read(folder / "scheduler" / "scheduler_config.json"))


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise GestureError(f"{path.parent.parent} holds no gesture model; {_ADVICE}")
    return read_object(path, GestureError, advice=_ADVICE)
