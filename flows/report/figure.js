// The avatar that plays clips: read from a GLB, one clip after the other with a fade. Shared by the report, the live page and the component.
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

const FADE_S = 0.2;

/** {root, mixer, clips: name -> clip, morphs: meshes with morphs, action, counts: [meshes, morphs, clips]} of the bytes of a GLB. */
export async function loadFigure(buffer) {
  const gltf = await new GLTFLoader().parseAsync(buffer, '');
  const morphs = [];
  let meshes = 0;
  gltf.scene.traverse((node) => {
    if (!node.isMesh) return;
    meshes += 1;
    node.castShadow = node.receiveShadow = true;
    node.frustumCulled = false;
    if (node.morphTargetDictionary) morphs.push(node);
  });
  const most = Math.max(0, ...morphs.map((mesh) => Object.keys(mesh.morphTargetDictionary).length));
  const clips = new Map(gltf.animations.map((clip) => [clip.name, clip]));
  return { root: gltf.scene, mixer: new THREE.AnimationMixer(gltf.scene), clips, morphs, action: null, counts: [meshes, most, clips.size] };
}

/** Fades to a clip; false where there is none of that name. A spoken clip stands still until its sound sets its time. */
export function startClip(figure, name, { spoken = false, moving = true, once = spoken } = {}) {
  const clip = figure.clips.get(name);
  if (!clip) return false;
  const next = figure.mixer.clipAction(clip).reset();
  next.setLoop(once ? THREE.LoopOnce : THREE.LoopRepeat).play();
  next.clampWhenFinished = true;
  // The sound sets the time of a spoken clip in every frame; its fade still runs on the mixer's.
  next.timeScale = spoken ? 0 : 1;
  if (figure.action && figure.action !== next) fade(figure.action, next, moving);
  figure.action = next;
  figure.mixer.update(0);
  return true;
}

function fade(last, next, moving) {
  if (moving) last.crossFadeTo(next, FADE_S, false);
  else last.stop(); // while paused no time passes in which to fade
}

/** The clip between two lines: `idle`, else the first. */
export const nameRestClip = (figure) => (figure.clips.has('idle') ? 'idle' : [...figure.clips.keys()][0]);
