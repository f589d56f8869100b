// Prints as JSON where Babylon.js puts the joints and vertices of a GLB: {moments: [{clip, seconds, joints, vertices}]}, metres, +Y up.
// usage: node load_babylon.js GLB STEP, with [[clip, seconds], ...] on stdin; every STEP-th vertex of each mesh is printed.
// Runs on the NullEngine, which draws nothing. Bundled by `make bake`.
import { readFileSync } from 'node:fs';
import { NullEngine } from '@babylonjs/core/Engines/nullEngine.js';
import { Scene } from '@babylonjs/core/scene.js';
import { Vector3 } from '@babylonjs/core/Maths/math.vector.js';
import { FreeCamera } from '@babylonjs/core/Cameras/freeCamera.js';
import { LoadAssetContainerAsync } from '@babylonjs/core/Loading/sceneLoader.js';
import { MorphTargetManager } from '@babylonjs/core/Morph/morphTargetManager.js';
import '@babylonjs/core/Animations/animatable.js';
import '@babylonjs/core/Meshes/abstractMesh.js';
import '@babylonjs/loaders/glTF/2.0/index.js';
import { MeshoptCompression } from '@babylonjs/core/Meshes/Compression/meshoptCompression.js';
import { MeshoptDecoder } from 'meshoptimizer/decoder';
import { GLTFFileLoader } from '@babylonjs/loaders/glTF/glTFFileLoader.js';

const LOADER_FPS = 60; // of its animations, whatever the file's keys are

// The NullEngine has no texture arrays, in which every browser keeps the targets: without them only 8 at a time would move.
MorphTargetManager.MaxActiveMorphTargetsInVertexAttributeMode = 1000;

// Babylon loads its decoder from a URL in a browser and runs it in a worker; here it is the same decoder, called directly.
MeshoptCompression._Default = {
  async decodeGltfBufferAsync(source, count, stride, mode, filter) {
    await MeshoptDecoder.ready;
    const target = new Uint8Array(count * stride);
    MeshoptDecoder.decodeGltfBuffer(target, count, stride, source, mode, filter);
    return target;
  },
};

async function load(path) {
  const scene = new Scene(new NullEngine());
  scene.useRightHandedSystem = true; // glTF's own axes
  new FreeCamera('camera', Vector3.Zero(), scene);
  // Textures need a browser's decoder; geometry does not.
  const options = { pluginExtension: '.glb', pluginOptions: { gltf: { skipMaterials: true } } };
  const container = await LoadAssetContainerAsync(new Uint8Array(readFileSync(path)), scene, options);
  container.addAllToScene();
  return { scene, container };
}

function show(scene, groups, clip, seconds) {
  for (const group of groups) group.stop();
  const group = groups.find((g) => g.name === clip);
  group.start(false, 1, group.from, group.to);
  group.goToFrame(seconds * LOADER_FPS);
  group.pause();
  scene.render();
}

function measure(container, step) {
  const joints = {}, vertices = {};
  for (const node of container.transformNodes) {
    node.computeWorldMatrix(true);
    joints[node.name] = node.getAbsolutePosition().asArray();
  }
  for (const mesh of container.meshes) {
    if (!mesh.getTotalVertices()) continue;
    mesh.skeleton?.prepare(true);
    const positions = mesh.getPositionData(true, true), some = [];
    for (let i = 0; i < positions.length / 3; i += step) some.push(...positions.slice(3 * i, 3 * i + 3));
    vertices[mesh.name] = some;
  }
  return { joints, vertices };
}

const [path, step] = process.argv.slice(2);
const moments = JSON.parse(readFileSync(0, 'utf-8'));
const { scene, container } = await load(path);
const found = { clips: container.animationGroups.map((group) => group.name), moments: [] };
for (const [clip, seconds] of moments) {
  show(scene, container.animationGroups, clip, seconds);
  found.moments.push({ clip, seconds, ...measure(container, Number(step)) });
}
// The engine's timers would keep the process alive, and an exit before the pipe is drained would cut the text.
process.stdout.write(JSON.stringify(found), () => process.exit(0));
