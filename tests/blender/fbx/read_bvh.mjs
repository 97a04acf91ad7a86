// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a BVH by three.js and prints where its joints are, as JSON, in the units and axes of the file.
//   node read_bvh.mjs FILE.bvh FPS
import fs from 'node:fs';
import { AnimationMixer, LoopOnce, Object3D, Vector3 } from 'three';
import { BVHLoader } from 'three/examples/jsm/loaders/BVHLoader.js';

const [file, fps] = [process.argv[2], Number(process.argv[3])];
const { skeleton, clip } = new BVHLoader().parse(fs.readFileSync(file, 'utf8'));
const holder = new Object3D();
holder.add(skeleton.bones[0]);
const bones = skeleton.bones.filter((bone) => bone.name !== 'ENDSITE');
const mixer = new AnimationMixer(skeleton.bones[0]);
const action = mixer.clipAction(clip);
action.setLoop(LoopOnce);
action.clampWhenFinished = true;
action.play();
const place = new Vector3();
const frames = [];
for (let frame = 0; frame <= Math.round(clip.duration * fps); frame++) {
  mixer.setTime(Math.min(frame / fps, clip.duration));
  holder.updateMatrixWorld(true);
  frames.push(bones.map((bone) => place.setFromMatrixPosition(bone.matrixWorld).toArray()));
}
process.stdout.write(JSON.stringify({ duration: clip.duration, bones: bones.map((bone) => bone.name), frames }));
