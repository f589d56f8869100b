// Lets TalkingHead (npm @met4citizen/talkinghead) act window.TASK.avatar (base64 of a GLB) and writes where the joints are into
// body[data-acted]: as it stands, idles, makes a gesture of its own, takes a pose of absolute rotations, and speaks window.TASK.line.
// With window.TASK.pictures it draws each pose as well. Bundled by `make bake`.
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { TalkingHead } from '@met4citizen/talkinghead';

const { avatar, line, pictures } = window.TASK;
const FRAME_MS = 1000 / 30;

function decode(base64) {
  const text = atob(base64), data = new Uint8Array(text.length);
  for (let i = 0; i < data.length; i++) data[i] = text.charCodeAt(i);
  return data.buffer;
}

/** mulberry32: TalkingHead draws its idle moves at random, and a gate must find the same ones every time. */
function seedRandom(state) {
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function load() {
  // It fetches a URL; this page has the bytes.
  GLTFLoader.prototype.loadAsync = function () { return this.parseAsync(decode(avatar), ''); };
  const scene = new THREE.Scene();
  const head = new TalkingHead(document.body, {
    avatarOnly: true, avatarOnlyScene: scene, avatarOnlyCamera: new THREE.PerspectiveCamera(), lipsyncModules: [], cameraView: 'full',
  });
  // 'M' or 'F' decides which of its poses are drawn at random.
  await head.showAvatar({ url: 'avatar', body: 'F', avatarMood: 'neutral', lipsyncLang: 'en' });
  return { head, scene };
}

function advance(head, seconds, look = () => {}) {
  for (let at = 0; at < seconds * 1000; at += FRAME_MS) {
    head.animate(FRAME_MS);
    look();
  }
}

/** {joint: [x, y, z]} in metres, and {joint.y, joint.z: direction} of the axes of its frame. */
function measure(head) {
  const found = {}, point = new THREE.Vector3(), turn = new THREE.Quaternion();
  head.armature.updateMatrixWorld(true);
  head.armature.traverse((bone) => {
    if (!bone.isBone) return;
    found[bone.name] = bone.getWorldPosition(point).toArray();
    bone.getWorldQuaternion(turn);
    found[`${bone.name}.y`] = point.set(0, 1, 0).applyQuaternion(turn).toArray();
    found[`${bone.name}.z`] = point.set(0, 0, 1).applyQuaternion(turn).toArray();
  });
  return found;
}

function idle(head) {
  const names = ['Head', 'LeftHand', 'RightHand', 'Hips'], point = new THREE.Vector3(), moved = {};
  const first = Object.fromEntries(names.map((name) => [name, head.armature.getObjectByName(name).getWorldPosition(point).clone()]));
  advance(head, 6, () => {
    for (const name of names) {
      const distance = head.armature.getObjectByName(name).getWorldPosition(point).distanceTo(first[name]);
      moved[name] = Math.max(moved[name] ?? 0, distance);
    }
  });
  return moved;
}

/** {viseme: the largest weight on any mesh while the line is spoken}. */
function speak(head) {
  const seconds = line.seconds, most = {};
  head.speakAudio({ ...line.tracks, audio: new AudioBuffer({ length: Math.ceil(seconds * 22050), sampleRate: 22050 }) });
  return new Promise((resolve) => setTimeout(() => {
    advance(head, seconds + 0.5, () => {
      for (const mesh of head.morphs) {
        for (const [name, index] of Object.entries(mesh.morphTargetDictionary)) {
          if (name.startsWith('viseme_')) most[name] = Math.max(most[name] ?? 0, mesh.morphTargetInfluences[index]);
        }
      }
    });
    resolve(most);
  }, 1500));
}

function draw(head, scene, view = { y: 0.9, height: 1.95 }) {
  const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
  renderer.setSize(480, 640);
  scene.background = new THREE.Color(0xd8dce2);
  scene.add(new THREE.HemisphereLight(0xffffff, 0x8a8a99, 2.2));
  const key = new THREE.DirectionalLight(0xffffff, 2.2);
  key.position.set(1, 2, 3);
  scene.add(key);
  const camera = new THREE.PerspectiveCamera(24, 480 / 640, 0.1, 50);
  const distance = view.height / 2 / Math.tan((24 * Math.PI) / 360);
  camera.position.set(0.35 * distance, view.y + 0.05 * distance, 0.93 * distance);
  camera.lookAt(0, view.y, 0);
  renderer.render(scene, camera);
  const picture = renderer.domElement.toDataURL('image/jpeg', 0.9);
  renderer.dispose();
  return picture;
}

async function act() {
  seedRandom(1);
  const { head, scene } = await load();
  const acted = {}, drawn = {};
  const record = (name) => { acted[name] = measure(head); if (pictures) drawn[name] = draw(head, scene); };
  advance(head, 3);
  record('stand');
  acted.idle = idle(head);
  head.playGesture('handup', 0, false, 300);
  advance(head, 2);
  record('gesture');
  head.stopGesture(300);
  head.setPoseFromTemplate(head.poseTemplates.hip, 500);
  advance(head, 2);
  record('pose');
  head.setPoseFromTemplate(head.poseTemplates.straight, 500);
  acted.visemes = line ? await speak(head) : {};
  if (pictures) document.body.dataset.pictures = JSON.stringify(drawn);
  return acted;
}

try {
  document.body.dataset.acted = JSON.stringify(await act());
} catch (error) {
  document.body.dataset.acted = JSON.stringify({ failed: String(error) });
}
