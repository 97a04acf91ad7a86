// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a VRM animation on a VRM humanoid by three-vrm, and prints where its bones are, as JSON.
//   node read_vrma.mjs FILE.vrma FPS HUMANOID.json
// HUMANOID.json: [{name, parent, position, rotation}], the bones of a model that rests in a T-pose, metres, y up, with
// world rotations (xyzw) of their own, as every model has its own axes.
import fs from 'node:fs';

globalThis.self = globalThis;
const { AnimationMixer, Group, LoopOnce, Object3D, Quaternion, Vector3 } = await import('three');
const { GLTFLoader } = await import('three/examples/jsm/loaders/GLTFLoader.js');
const { VRMAnimationLoaderPlugin, createVRMAnimationClip } = await import('@pixiv/three-vrm-animation');
const { VRMExpression, VRMExpressionManager, VRMHumanoid } = await import('@pixiv/three-vrm');

const [file, fps, humanoidFile] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const bytes = fs.readFileSync(file);
const loader = new GLTFLoader();
loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
const gltf = await loader.parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), '');
const [animation] = gltf.userData.vrmAnimations;

const scene = new Group();
const bones = {};
for (const { name, parent, position, rotation } of JSON.parse(fs.readFileSync(humanoidFile, 'utf8'))) {
  const node = new Object3D();
  node.name = `own ${name}`;
  node.position.fromArray(position);
  node.quaternion.fromArray(rotation);
  node.updateMatrixWorld(true);
  (parent ? bones[parent].node : scene).attach(node);
  bones[name] = { node };
}
scene.updateMatrixWorld(true);
const humanoid = new VRMHumanoid(bones);
scene.add(humanoid.normalizedHumanBonesRoot);
const expressionManager = new VRMExpressionManager();
for (const name of animation.expressionTracks.custom.keys()) {
  expressionManager.registerExpression(new VRMExpression(name));
}
const clip = createVRMAnimationClip(animation, { humanoid, expressionManager, meta: { metaVersion: '1' }, scene });
for (const expression of expressionManager.expressions) scene.add(expression);
const mixer = new AnimationMixer(scene);
const action = mixer.clipAction(clip);
action.setLoop(LoopOnce);
action.clampWhenFinished = true;
action.play();
const [place, turn] = [new Vector3(), new Quaternion()];
const frames = [];
const expressions = [];
for (let frame = 0; frame <= Math.round(clip.duration * fps); frame++) {
  mixer.setTime(Math.min(frame / fps, clip.duration));
  humanoid.update();
  scene.updateMatrixWorld(true);
  frames.push(Object.values(bones).map(({ node }) => place.setFromMatrixPosition(node.matrixWorld).toArray()));
  expressions.push(Object.fromEntries(expressionManager.expressions.map((each) => [each.expressionName, each.weight])));
}
process.stdout.write(JSON.stringify({
  duration: clip.duration,
  hips: animation.restHipsPosition.toArray(),
  played: [...animation.humanoidTracks.rotation.keys()],
  bones: Object.keys(bones),
  frames,
  expressions,
}));
