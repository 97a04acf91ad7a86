# SPDX-License-Identifier: GPL-3.0-or-later
"""CSIM: how surely the face in the video is the portrait's, by a face recognition network. Higher is better.

    CSIM = 1 / T * sum_t  e(f_t) · e(p) / (|e(f_t)| |e(p)|),

the mean cosine between the embeddings of the frames' faces f and of the portrait's face p, -1..1, over the frames in
which a face is found (Zakharov et al. 2019, "Few-Shot Adversarial Learning of Realistic Neural Talking Head Models",
section 4.1; with ArcFace, Deng et al. 2019, arXiv 1801.07698, as papers do since). Without a network it is left out:
no stand-in knows people apart.

The network is a person's own, ArcFace's or alike: an ONNX file, run by OpenCV, or TorchScript. It is given
(1, 3, 112, 112) float32 RGB, (value - 127.5) / 127.5, the face brought by a similarity transform onto ArcFace's five
places (eyes, nose, corners of the mouth), and returns (1, D). Papers find the five points with another detector, which
moves the third digit.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.extractors import file_identity, last_line, load_script, script_errors
from chironomy.evaluation.video.face_shape import (
    LEFT_IRIS,
    LEFT_LIP_CORNER,
    NOSE_TIP,
    RIGHT_IRIS,
    RIGHT_LIP_CORNER,
    similarity_to,
)
from chironomy.packages import require

SIDE = 112
PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
"""(5, 2) pixels in ArcFace's 112 by 112 crop: the person's right eye, left eye, nose, right and left corner of the
mouth (published with InsightFace's training data)."""
_POINTS = [RIGHT_IRIS, LEFT_IRIS, NOSE_TIP, RIGHT_LIP_CORNER, LEFT_LIP_CORNER]


@dataclass(frozen=True, eq=False)
class FaceNetwork:
    """A face recognition network.

    Attributes:
        embed: (1, 3, 112, 112) float32 to (D,).
        name: of its file, with the start of its hash.
    """

    embed: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    name: str

    def of_face(self, frame: NDArray[np.uint8], face: NDArray[np.float64]) -> NDArray[np.float64]:
        """(D,) the embedding, of length 1, of a face (478, 2) in a frame (height, width, 3) uint8 RGB.

        Raises:
            EvaluationError: the network does not take a face or return an embedding.
        """
        pixels = (face_crop(frame, face).astype(np.float32) - 127.5) / 127.5
        try:
            vector = self.embed(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])).ravel()
        except (*script_errors(), *_opencv_error()) as error:
            raise EvaluationError(
                f"{self.name} did not take a face of (1, 3, {SIDE}, {SIDE}) ({last_line(error)}); give a face "
                "recognition network"
            ) from error
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length == 0:
            raise EvaluationError(
                f"{self.name} returned no embedding; give a face recognition network with its weights"
            )
        return vector / length


def face_crop(frame: NDArray[np.uint8], face: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(112, 112, 3) the face (478, 2) of a frame, its five points nearest to ArcFace's `PLACES`."""
    import cv2

    matrix = similarity_to(face[_POINTS], PLACES)
    return np.asarray(cv2.warpAffine(frame, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def load_face_network(path: Path) -> FaceNetwork:
    """A network from an `.onnx` file or a TorchScript file.

    Raises:
        EvaluationError: there is none, or it cannot be loaded.
    """
    if path.suffix.lower() != ".onnx":
        return FaceNetwork(_torch_embedding(load_script(path, "--face-extractor")), file_identity(path))
    if not path.is_file():
        raise EvaluationError(f"{path} does not exist; give --face-extractor an ONNX or TorchScript file")
    require("cv2", "an ONNX file", EvaluationError)
    import cv2

    try:
        network = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise EvaluationError(
            f"{path.name} is no ONNX file that OpenCV can load; give another or TorchScript"
        ) from error

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
        network.setInput(pixels)
        return np.asarray(network.forward(), np.float64)

    return FaceNetwork(embed, file_identity(path))


def identity_similarity(
    network: FaceNetwork,
    portrait: NDArray[np.float64],
    frames: Iterable[NDArray[np.uint8]],
    faces: NDArray[np.float64],
) -> float:
    """CSIM of a video; NaN where no face was found.

    Args:
        network: of the embeddings.
        portrait: (D,) the embedding of the portrait's face.
        frames: the video's, (height, width, 3) uint8 RGB each, taken once and in order.
        faces: (T, 478, 2) of these frames, NaN where not found.

    Raises:
        EvaluationError: the network does not work.
    """
    cosines = [float(embedding @ portrait) for embedding in _embeddings(network, frames, faces)]
    return float(np.mean(cosines)) if cosines else float("nan")


def _embeddings(
    network: FaceNetwork, frames: Iterable[NDArray[np.uint8]], faces: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    for frame, face in zip(frames, faces, strict=False):
        if np.isfinite(face).all():
            yield network.of_face(frame, face)


def _torch_embedding(network: Any) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    import torch

    def embed(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.no_grad():
            return network(torch.from_numpy(pixels)).double().numpy()

    return embed


def _opencv_error() -> tuple[type[Exception], ...]:
    import cv2

    return (cv2.error,)
