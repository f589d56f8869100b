// The viewer of report.html: reads the bundle that the page carries and fills the page. Bundled with three.js by `make bake`.
import * as THREE from 'three';
import { byId, connectLanguages, createButton, data, decode, prefersStill, press } from './dom.js';
import { fillFaces, setMorph } from './faces.js';
import { loadFigure, nameRestClip, startClip } from './figure.js';
import { connectPictures } from './pictures.js';
import { createScene, frameShot } from './scene.js';
import { fillTalk, stopVoice } from './talk.js';
import { drawWave } from './wave.js';

const player = {
  mixer: null, clips: new Map(), morphs: [], action: null, held: {}, line: null, spoken: null, voice: new Audio(), scene: null,
  paused: prefersStill.matches, play: playClip, rest: playRest,
};
window.fenshen = player; // for tests and for the browser's console: what plays, and on which meshes

function playClip(name, { spoken = false } = {}) {
  if (!startClip(player, name, { spoken, moving: isMoving() || spoken })) return;
  if (player.scene) player.scene.stale = true;
  press('[data-clip]', (button) => button.dataset.clip === name);
}

function playRest() {
  if (player.clips.size) playClip(nameRestClip(player));
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
  const { root, counts } = Object.assign(player, await loadFigure(decode(data.glb)));
  document.body.dataset.loaded = counts.join(',');
  return root;
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
