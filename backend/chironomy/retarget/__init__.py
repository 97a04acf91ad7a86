# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on the characters that people already have: their bones, their rest poses, and our motion on them.

Needs numpy alone.
"""

from chironomy.retarget.anchors import anchors_of
from chironomy.retarget.bone_map import ArmControls, BoneMap
from chironomy.retarget.carry import BoneKeys, HandKeys, carried
from chironomy.retarget.contacts import Anchors
from chironomy.retarget.detect import Detection, Status, detect, judge
from chironomy.retarget.errors import RetargetError
from chironomy.retarget.measure import Target, measured
from chironomy.retarget.skeleton import Skeleton
from chironomy.retarget.solve import Posed, hands_of_bones, posed

__all__ = [
    "Anchors",
    "ArmControls",
    "BoneKeys",
    "BoneMap",
    "Detection",
    "HandKeys",
    "Posed",
    "RetargetError",
    "Skeleton",
    "Status",
    "Target",
    "anchors_of",
    "carried",
    "detect",
    "hands_of_bones",
    "judge",
    "measured",
    "posed",
]
