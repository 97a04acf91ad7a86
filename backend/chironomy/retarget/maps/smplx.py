# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPL-X in Blender: names as in the SMPL-X add-on and in smplx's `JOINT_NAMES`."""

from chironomy.retarget.maps.standard import Standard, arm, body, fingers

STANDARD = Standard(
    name="smplx",
    title="SMPL-X",
    sides=("left", "right"),
    bones=body("pelvis", "spine1", "spine3", "neck", "head")
    | arm("{side}_collar", "{side}_shoulder", "{side}_elbow", "{side}_wrist")
    | fingers("{side}_{finger}{joint}", ("index", "middle", "pinky", "ring", "thumb")),
)
