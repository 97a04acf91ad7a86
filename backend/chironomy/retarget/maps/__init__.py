# SPDX-License-Identifier: GPL-3.0-or-later
"""The standards: one small table of names a file. Names are facts; each table says whose they are."""

from chironomy.retarget.maps import (
    auto_rig_pro,
    biped,
    character_creator,
    chironomy_character,
    daz_genesis8,
    daz_genesis9,
    makehuman,
    meshy_tripo,
    metahuman,
    mixamo,
    rigify,
    rigify_metarig,
    rokoko,
    smplx,
    soma,
    unity_humanoid,
    unreal,
    vrm,
    vrm_addon,
)
from chironomy.retarget.maps.standard import Controls, Standard

STANDARDS: tuple[Standard, ...] = tuple(
    module.STANDARD
    for module in (
        auto_rig_pro,
        biped,
        character_creator,
        chironomy_character,
        daz_genesis8,
        daz_genesis9,
        makehuman,
        meshy_tripo,
        metahuman,
        mixamo,
        rigify,
        rigify_metarig,
        rokoko,
        smplx,
        soma,
        unity_humanoid,
        unreal,
        vrm,
        vrm_addon,
    )
)

__all__ = ["STANDARDS", "Controls", "Standard"]
