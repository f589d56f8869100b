// Loads window.AVATAR (base64) with three's GLTFLoader and @pixiv/three-vrm; writes what it found to body[data-loaded].
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { VRMLoaderPlugin } from '@pixiv/three-vrm';

const loader = new GLTFLoader();
loader.register((parser) => new VRMLoaderPlugin(parser));
const binary = Uint8Array.from(atob(window.AVATAR), (c) => c.charCodeAt(0)).buffer;
loader.parseAsync(binary, '').then((gltf) => {
  const meshes = [];
  gltf.scene.traverse((node) => node.isMesh && meshes.push(node));
  const morphs = Math.max(0, ...meshes.map((m) => Object.keys(m.morphTargetDictionary ?? {}).length));
  const vrm = gltf.userData.vrm;
  const found = { meshes: meshes.length, morphs, clips: gltf.animations.length,
    bones: vrm ? Object.keys(vrm.humanoid.humanBones).length : 0, expressions: vrm ? vrm.expressionManager?.expressions.length ?? 0 : 0 };
  document.body.dataset.loaded = JSON.stringify(found);
}).catch((error) => { document.body.dataset.failed = String(error); });
