// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a .glb by three.js and prints what it shows, as JSON, in metres, y up.
//   node read_gltf.mjs FILE.glb FPS [SAMPLES_A_FRAME]
import fs from 'node:fs';

globalThis.self = globalThis;
const { AnimationMixer, LoopOnce, Quaternion, Vector3 } = await import('three');
const { GLTFLoader } = await import('three/examples/jsm/loaders/GLTFLoader.js');

const [file, fps, dense] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 1)];
const bytes = fs.readFileSync(file);
const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const { scene, animations, parser } = await new GLTFLoader().parseAsync(data, '');
// three.js drops dots from names; the file's own are kept here.
const named = (object) => parser.json.nodes[parser.associations.get(object)?.nodes]?.name ?? object.name;

const bones = [];
const meshes = [];
scene.traverse((object) => {
  if (object.isBone) bones.push(object);
  if (object.isMesh) meshes.push(object);
});
const nodesAbove = (node) => (node && node !== scene ? [node, ...nodesAbove(node.parent)] : []);
const above = (bone) => (bone.parent?.isBone ? above(bone.parent) : nodesAbove(bone.parent));
const [place, turn] = [new Vector3(), new Quaternion()];
const frames = [];
const turns = [];
const morphs = [];
const [clip] = animations;
if (clip) {
  const mixer = new AnimationMixer(scene);
  const action = mixer.clipAction(clip);
  action.setLoop(LoopOnce);
  action.clampWhenFinished = true;
  action.play();
  const count = Math.round(clip.duration * fps * dense) + 1;
  for (let sample = 0; sample < count; sample++) {
    mixer.setTime(Math.min(sample / (fps * dense), clip.duration));
    scene.updateMatrixWorld(true);
    frames.push(bones.map((bone) => place.setFromMatrixPosition(bone.matrixWorld).toArray()));
    turns.push(bones.map((bone) => bone.getWorldQuaternion(turn).toArray()));
    morphs.push(meshes.map((mesh) => (mesh.morphTargetInfluences ? [...mesh.morphTargetInfluences] : [])));
  }
}
// Every fiftieth vertex of the last sample, moved by its bones and shapes.
const vertices = meshes.flatMap((mesh) => {
  const found = [];
  for (let vertex = 0; vertex < mesh.geometry.attributes.position.count; vertex += 50) {
    found.push(mesh.getVertexPosition(vertex, place).applyMatrix4(mesh.matrixWorld).toArray());
  }
  return found;
});
process.stdout.write(JSON.stringify({
  animations: animations.map(({ name, duration, tracks }) => ({
    name,
    duration,
    first: Math.min(...tracks.map(({ times }) => times[0])),
  })),
  above: above(bones[0]).map(named),
  bones: bones.map(named),
  parents: bones.map((bone) => (bone.parent?.isBone ? named(bone.parent) : null)),
  frames,
  turns,
  meshes: meshes.map((mesh) => ({
    name: mesh.name,
    skinned: Boolean(mesh.isSkinnedMesh),
    vertices: mesh.geometry.attributes.position.count,
    morphs: Object.keys(mesh.morphTargetDictionary ?? {}),
  })),
  morphs,
  vertices,
}));
