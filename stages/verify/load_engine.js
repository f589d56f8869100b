// Loads window.AVATARS (name -> base64) with three's GLTFLoader and @pixiv/three-vrm, one after the other; writes what it found,
// or {failed: why}, under each name into body[data-loaded]. Of a VRM with spring bones also how its hair moves: `hair`.
// Bundled with both by `make bake`.
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { MeshoptDecoder } from 'three/addons/libs/meshopt_decoder.module.js';
import { Vector3 } from 'three';
import { VRMLoaderPlugin } from '@pixiv/three-vrm';

const loader = new GLTFLoader();
loader.setMeshoptDecoder(MeshoptDecoder);
loader.register((parser) => new VRMLoaderPlugin(parser));

function bytes(base64) {
  const text = atob(base64), data = new Uint8Array(text.length);
  for (let i = 0; i < data.length; i++) data[i] = text.charCodeAt(i);
  return data.buffer;
}

const STEP_S = 1 / 60;

// The tips of all chains in the world: the end of the last bone that springs.
function findTips(manager) {
  const tips = [];
  for (const joint of manager.joints) {
    const isLast = ![...manager.joints].some((other) => other.bone === joint.child);
    if (isLast) tips.push({ name: joint.child.name, joint, at: () => joint.child.getWorldPosition(new Vector3()) });
  }
  return tips;
}

// How deep the tip is in a collider, metres; negative outside of all.
function measureDepth(tip) {
  let depth = -Infinity;
  const away = new Vector3();
  for (const group of tip.joint.colliderGroups) {
    for (const collider of group.colliders) {
      depth = Math.max(depth, -collider.shape.calculateCollision(collider.colliderMatrix, tip.at(), tip.joint.settings.hitRadius, away));
    }
  }
  return depth;
}

// What the chains do while a movement turns the body, for some seconds: how far each tip is at most from where the head alone would
// take it, how deep in a collider, and how far from its last place in the last quarter of a second.
function act(vrm, tips, seconds, pose) {
  const head = vrm.humanoid.getRawBoneNode('head');
  const found = Object.fromEntries(tips.map((tip) => [tip.name, { lag: 0, depth: -1, unrest: 0 }]));
  const steps = Math.round(seconds / STEP_S), last = tips.map(() => []);
  for (let step = 1; step <= steps; step++) {
    pose(step / steps, step * STEP_S);
    vrm.update(STEP_S);
    vrm.scene.updateMatrixWorld(true);
    tips.forEach((tip, i) => {
      const stiff = tip.onHead.clone().applyMatrix4(head.matrixWorld), now = tip.at(), result = found[tip.name];
      result.lag = Math.max(result.lag, now.distanceTo(stiff));
      result.depth = Math.max(result.depth, measureDepth(tip));
      if (step > steps - 15) last[i].push(now);
      result.finite = [now.x, now.y, now.z].every(Number.isFinite);
    });
  }
  tips.forEach((tip, i) => { found[tip.name].unrest = Math.max(...last[i].map((place) => place.distanceTo(last[i].at(-1)))); });
  return found;
}

// A head that turns by 40 degrees and stays, then a walk, then the bind pose again: `rest` is how far the tips end from where they began.
function swing(vrm) {
  const manager = vrm.springBoneManager;
  if (!manager || !manager.joints.size) return null;
  vrm.scene.updateMatrixWorld(true);
  const tips = findTips(manager), bone = (name) => vrm.humanoid.getNormalizedBoneNode(name);
  const head = bone('head'), hips = bone('hips'), inverse = vrm.humanoid.getRawBoneNode('head').matrixWorld.clone().invert();
  for (const tip of tips) { tip.start = tip.at(); tip.onHead = tip.start.clone().applyMatrix4(inverse); }
  const height = hips.position.y, turn = (share) => { head.rotation.y = Math.min(1, share * 6) * 40 * Math.PI / 180; };
  const turned = act(vrm, tips, 3, turn);
  const walked = act(vrm, tips, 2, (share, t) => {
    turn(0);
    hips.position.y = height + 0.02 * Math.sin(4 * Math.PI * t);
    hips.rotation.y = 0.12 * Math.sin(2 * Math.PI * t);
    bone('spine').rotation.x = 0.10 * Math.sin(4 * Math.PI * t);
    head.rotation.x = 0.35 * Math.sin(2 * Math.PI * t);
  });
  act(vrm, tips, 2, () => {
    head.rotation.set(0, 0, 0); hips.rotation.set(0, 0, 0); bone('spine').rotation.set(0, 0, 0); hips.position.y = height;
  });
  const rest = Object.fromEntries(tips.map((tip) => [tip.name, tip.at().distanceTo(tip.start)]));
  return { turned, walked, rest };
}

async function load(base64) {
  const gltf = await loader.parseAsync(bytes(base64), '');
  const meshes = [];
  gltf.scene.traverse((node) => node.isMesh && meshes.push(node));
  const morphs = Math.max(0, ...meshes.map((m) => Object.keys(m.morphTargetDictionary ?? {}).length));
  const vrm = gltf.userData.vrm;
  return { meshes: meshes.length, morphs, clips: gltf.animations.length,
    bones: vrm ? Object.keys(vrm.humanoid.humanBones).length : 0, expressions: vrm ? vrm.expressionManager?.expressions.length ?? 0 : 0,
    hair: vrm ? swing(vrm) : null };
}

const found = {};
for (const [name, base64] of Object.entries(window.AVATARS)) {
  try { found[name] = await load(base64); } catch (error) { found[name] = { failed: String(error) }; }
}
document.body.dataset.loaded = JSON.stringify(found);
