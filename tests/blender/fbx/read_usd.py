# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays a USD file's skeleton by usd-core and prints what it shows, as JSON: `python read_usd.py FILE`."""

import json
import sys

import numpy as np
from pxr import Usd, UsdGeom, UsdSkel

stage = Usd.Stage.Open(sys.argv[1])
skeletons = [UsdSkel.Skeleton(prim) for prim in stage.Traverse() if prim.IsA(UsdSkel.Skeleton)]
meshes = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
query = UsdSkel.Cache().GetSkelQuery(skeletons[0])
animation = query.GetAnimQuery()
world = UsdGeom.Xformable(skeletons[0].GetPrim())
start, end = stage.GetStartTimeCode(), stage.GetEndTimeCode()
frames, weights = [], []
for time in np.arange(start, end + 1.0):
    local = np.array([np.array(matrix) for matrix in query.ComputeJointSkelTransforms(time)])
    to_world = np.array(world.ComputeLocalToWorldTransform(time))
    frames.append((local @ to_world)[:, 3, :3].tolist())
    weights.append(list(animation.ComputeBlendShapeWeights(time)))
told = {
    "up": str(UsdGeom.GetStageUpAxis(stage)),
    "unit": UsdGeom.GetStageMetersPerUnit(stage),
    "rate": stage.GetTimeCodesPerSecond(),
    "ends": [start, end],
    "skeletons": len(skeletons),
    "joints": [str(joint) for joint in query.GetJointOrder()],
    "frames": frames,
    "shapes": list(animation.GetBlendShapeOrder()),
    "weights": weights,
    "skinned": [bool(UsdSkel.BindingAPI(mesh).GetJointIndicesAttr().HasAuthoredValue()) for mesh in meshes],
}
print(json.dumps(told))
