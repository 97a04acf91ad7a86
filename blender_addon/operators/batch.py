# SPDX-License-Identifier: GPL-3.0-or-later
"""Make scenes of a folder of recordings."""

import bpy
from bpy.types import Context, Operator

from chironomy.work import Work

from .. import sequencer
from ..explained import Explained
from ..properties import settings
from ..scene.batch import SUMMARY, Outcome, planned, run
from ..target import Target
from ..tasks import Job, JobOperator


class CHIRONOMY_OT_batch(JobOperator, Operator):
    bl_idname = "chironomy.batch"
    bl_label = "Make All Scenes"
    bl_description = (
        "Make a scene of every recording in the folder, as this file is set up, by Blenders without a window. What is "
        "done stays done: the same button goes on where it was stopped"
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        asked = settings(context.scene).batch
        if not asked.recordings or not asked.out:
            return "Choose the folders of the recordings and of the scenes first"
        return ""

    def work(self, context: Context) -> Job:
        batch = planned(context)

        def make(work: Work) -> list[Outcome]:
            work.progress(0.0, "starting Blenders without a window")
            return run(batch, work)

        return make

    def finish(self, context: Context, result: list[Outcome], target: Target) -> str:
        failed = [outcome for outcome in result if outcome.error]
        said = f"{len(result) - len(failed)} of {len(result)} scenes are made; {SUMMARY} tells all"
        for outcome in failed[:1]:
            said += f"; {outcome.item.name} failed: {outcome.error}"
        return said

    @classmethod
    def keep(cls, context: Context, result: list[Outcome], target: Target) -> str:
        return ""


class CHIRONOMY_OT_open_batch(Explained, Operator):
    """Show the folder of the scenes"""

    bl_idname = "chironomy.open_batch"
    bl_label = "Open Folder"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        there = sequencer.absolute(settings(context.scene).batch.out).is_dir()
        return "" if there else "There is no folder of scenes yet"

    def execute(self, context: Context) -> set[str]:
        bpy.ops.wm.path_open(filepath=str(sequencer.absolute(settings(context.scene).batch.out)))
        return {"FINISHED"}


CLASSES = (CHIRONOMY_OT_batch, CHIRONOMY_OT_open_batch)
