// The viewer of report.html: reads the bundle that the page carries and fills the page. Bundled with three.js by `make bake`.
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { byId, connectLanguages, createButton, data, decode, prefersStill, press } from './dom.js';
import { fillFaces, setMorph } from './faces.js';
import { connectPictures } from './pictures.js';
import { createScene, frameShot } from './scene.js';
import { fillTalk, stopVoice } from './talk.js';
import { drawWave } from './wave.js';

const FADE_S = 0.2;
const player = {
  mixer: null, clips: new Map(), morphs: [], action: null, held: {}, line: null, spoken: null, voice: new Audio(), scene: null,
  paused: prefersStill.matches, play: playClip, rest: playRest,
};
window.fenshen = player; // for tests and for the browser's console: what plays, and on which meshes

function playClip(name, { spoken = false } = {}) {
  const clip = player.clips.get(name);
  if (!clip) return;
  const next = player.mixer.clipAction(clip).reset();
  next.setLoop(spoken ? THREE.LoopOnce : THREE.LoopRepeat).play();
  next.clampWhenFinished = true;
  // The sound sets the time of a spoken clip in every frame; its fade still runs on the mixer's.
  next.timeScale = spoken ? 0 : 1;
  if (player.action && player.action !== next) fade(player.action, next, isMoving() || spoken);
  player.action = next;
  player.mixer.update(0);
  if (player.scene) player.scene.stale = true;
  press('[data-clip]', (button) => button.dataset.clip === name);
}

function fade(last, next, moving) {
  if (moving) last.crossFadeTo(next, FADE_S, false);
  else last.stop(); // while paused no time passes in which to fade
}

function playRest() {
  if (player.clips.size) playClip(player.clips.has('idle') ? 'idle' : [...player.clips.keys()][0]);
}

const isMoving = () => !player.paused || player.line !== null;

function setPaused(paused) {
  player.paused = paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
}

function fillClips() {
  const names = [...player.clips.keys()].filter((name) => !name.startsWith('say_'));
  byId('moving').hidden = !names.length;
  for (const name of names) {
    const button = createButton(name, () => {
      stopVoice(player);
      setPaused(false);
      playClip(name);
      byId('stage').scrollIntoView({ block: 'nearest' });
    });
    button.dataset.clip = name;
    button.setAttribute('aria-pressed', 'false');
    byId('clips').append(button);
  }
}

function connectBar(scene) {
  for (const button of document.querySelectorAll('[data-view]')) button.onclick = () => frameShot(scene, button.dataset.view);
  byId('turn').onclick = () => {
    scene.orbit.autoRotate = !scene.orbit.autoRotate;
    byId('turn').setAttribute('aria-pressed', String(scene.orbit.autoRotate));
  };
  byId('pause').onclick = () => setPaused(!player.paused);
  prefersStill.addEventListener('change', () => setPaused(prefersStill.matches));
  setPaused(player.paused);
}

function runLoop(scene) {
  let last = performance.now();
  scene.renderer.setAnimationLoop((now) => {
    const delta = Math.min((now - last) / 1000, 0.1);
    last = now;
    // The sound is the clock while a line is spoken, so lips cannot drift from it.
    if (player.line && player.action) player.action.time = Math.min(player.voice.currentTime, player.action.getClip().duration);
    if (isMoving()) player.mixer.update(delta);
    for (const [name, value] of Object.entries(player.held)) setMorph(player, name, value);
    const turned = scene.orbit.update(delta);
    if (scene.visible && (isMoving() || turned || scene.stale)) {
      scene.renderer.render(scene.world, scene.camera);
      scene.stale = false;
    }
    if (player.line) drawWave(byId('wave'), player.line, player.voice.currentTime, player.voice.duration);
  });
}

/** Reads the GLB into `player`; its counts go where tests look for them. */
async function loadAvatar() {
  const gltf = await new GLTFLoader().parseAsync(decode(data.glb), '');
  let meshes = 0;
  gltf.scene.traverse((node) => {
    if (!node.isMesh) return;
    meshes += 1;
    node.castShadow = node.receiveShadow = true;
    node.frustumCulled = false;
    if (node.morphTargetDictionary) player.morphs.push(node);
  });
  player.mixer = new THREE.AnimationMixer(gltf.scene);
  for (const clip of gltf.animations) player.clips.set(clip.name, clip);
  const most = Math.max(0, ...player.morphs.map((mesh) => Object.keys(mesh.morphTargetDictionary).length));
  document.body.dataset.loaded = `${meshes},${most},${gltf.animations.length}`;
  return gltf.scene;
}

async function start() {
  connectLanguages();
  fillTalk(player);
  const avatar = await loadAvatar();
  fillFaces(player);
  fillClips();
  const scene = createScene(byId('view'));
  player.scene = scene;
  scene.world.add(avatar);
  scene.box = new THREE.Box3().setFromObject(avatar);
  frameShot(scene, 'face');
  connectBar(scene);
  playRest();
  runLoop(scene);
  byId('wait').remove();
  await connectPictures();
  document.body.dataset.drawn = 'yes';
}

start().catch((error) => { document.body.dataset.failed = byId('wait').textContent = String(error); });
