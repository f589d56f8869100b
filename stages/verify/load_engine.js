// Loads window.AVATARS (name -> base64) with three's GLTFLoader and @pixiv/three-vrm, one after the other; writes what it found,
// or {failed: why}, under each name into body[data-loaded].
// Bundled with both by `make bake`.
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { MeshoptDecoder } from 'three/addons/libs/meshopt_decoder.module.js';
import { VRMLoaderPlugin } from '@pixiv/three-vrm';

const loader = new GLTFLoader();
loader.setMeshoptDecoder(MeshoptDecoder);
loader.register((parser) => new VRMLoaderPlugin(parser));

function bytes(base64) {
  const text = atob(base64), data = new Uint8Array(text.length);
  for (let i = 0; i < data.length; i++) data[i] = text.charCodeAt(i);
  return data.buffer;
}

async function load(base64) {
  const gltf = await loader.parseAsync(bytes(base64), '');
  const meshes = [];
  gltf.scene.traverse((node) => node.isMesh && meshes.push(node));
  const morphs = Math.max(0, ...meshes.map((m) => Object.keys(m.morphTargetDictionary ?? {}).length));
  const vrm = gltf.userData.vrm;
  return { meshes: meshes.length, morphs, clips: gltf.animations.length,
    bones: vrm ? Object.keys(vrm.humanoid.humanBones).length : 0, expressions: vrm ? vrm.expressionManager?.expressions.length ?? 0 : 0 };
}

const found = {};
for (const [name, base64] of Object.entries(window.AVATARS)) {
  try { found[name] = await load(base64); } catch (error) { found[name] = { failed: String(error) }; }
}
document.body.dataset.loaded = JSON.stringify(found);
