// SPDX-License-Identifier: GPL-3.0-or-later
// Plays an FBX by three.js, which shares no code with Blender, and prints what it shows as JSON.
//   node read_fbx.mjs FILE.fbx FPS
// Positions are in metres on Blender's axes (z up). three.js reads centimetres, y up, and drops dots from names.
import fs from 'node:fs';

globalThis.window = globalThis;
globalThis.self = globalThis;
globalThis.document = { createElementNS: () => ({}) };
const { AnimationMixer, LoopOnce, Vector3 } = await import('three');
const { FBXLoader } = await import('three/examples/jsm/loaders/FBXLoader.js');

const [file, fps] = [process.argv[2], Number(process.argv[3])];
const bytes = fs.readFileSync(file);
const scene = new FBXLoader().parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), '');

const bones = [];
const meshes = [];
scene.traverse((object) => {
  if (object.isBone) bones.push(object);
  if (object.isMesh) meshes.push(object);
});

const nodesAbove = (node) => (node && node !== scene ? [node, ...nodesAbove(node.parent)] : []);
const above = (bone) => (bone.parent?.isBone ? above(bone.parent) : nodesAbove(bone.parent));

const place = new Vector3();
const frames = [];
const morphs = [];
const [clip] = scene.animations;
if (clip) {
  const mixer = new AnimationMixer(scene);
  const action = mixer.clipAction(clip);
  action.setLoop(LoopOnce);
  action.clampWhenFinished = true;
  action.play();
  const count = Math.round(clip.duration * fps) + 1;
  for (let frame = 0; frame < count; frame++) {
    mixer.setTime(Math.min(frame / fps, clip.duration));
    scene.updateMatrixWorld(true);
    frames.push(bones.map((bone) => {
      place.setFromMatrixPosition(bone.matrixWorld);
      return [place.x / 100, -place.z / 100, place.y / 100];
    }));
    morphs.push(meshes.map((mesh) => (mesh.morphTargetInfluences ? [...mesh.morphTargetInfluences] : [])));
  }
}
process.stdout.write(JSON.stringify({
  animations: scene.animations.map(({ name, duration }) => ({ name, duration })),
  above: above(bones[0]).map(({ name }) => name),
  bones: bones.map((bone) => bone.name),
  parents: bones.map((bone) => (bone.parent?.isBone ? bone.parent.name : null)),
  frames,
  meshes: meshes.map((mesh) => ({
    name: mesh.name,
    skinned: Boolean(mesh.isSkinnedMesh),
    vertices: mesh.geometry.attributes.position.count,
    morphs: Object.keys(mesh.morphTargetDictionary ?? {}),
  })),
  morphs,
}));
