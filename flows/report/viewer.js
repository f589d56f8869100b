// The viewer of report.html: reads the bundle that the page carries and fills the page. Bundled with three.js by `make bake`.
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
import { draw, peaks } from './wave.js';
import { best } from './answer.js';
import { GROUPS, MOODS } from './faces.js';

const data = JSON.parse(document.getElementById('bundle').textContent);
const at = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const make = (tag, fields = {}) => Object.assign(document.createElement(tag), fields);
const both = (en, zh) => `<span class="en">${en}</span><span class="zh">${zh}</span>`;
const lines = data.dialogue?.lines ?? [];
const voice = new Audio();
const stage = { mixer: null, clips: new Map(), morphs: [], action: null, held: {}, line: null, voice, kit: null };
window.fenshen = stage; // for tests and for the curious: what plays, and on which meshes

function scene() {
  const view = at('view');
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.toneMapping = THREE.NeutralToneMapping;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = THREE.PCFSoftShadowMap;
  view.append(renderer.domElement);
  const world = new THREE.Scene();
  world.environment = new THREE.PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04).texture;
  world.environmentIntensity = 0.7;
  world.add(...lights(), floor());
  const camera = new THREE.PerspectiveCamera(24, 1, 0.02, 50);
  const orbit = new OrbitControls(camera, renderer.domElement);
  Object.assign(orbit, { enableDamping: true, enablePan: false, minDistance: 0.35, maxDistance: 8, maxPolarAngle: 1.7, autoRotateSpeed: 2.4 });
  const kit = { renderer, world, camera, orbit, shot: 'face', box: null };
  const resize = () => {
    renderer.setSize(view.clientWidth, view.clientHeight);
    camera.aspect = view.clientWidth / Math.max(view.clientHeight, 1);
    camera.updateProjectionMatrix();
    if (kit.box) frame(kit);
  };
  addEventListener('resize', resize);
  resize();
  return kit;
}

function lights() {
  // A photographer's three: a large warm key high to one side, a weak fill from the other, a cool rim behind.
  const key = new THREE.DirectionalLight(0xfff3e6, 1.55);
  key.position.set(1.3, 2.9, 2.6);
  key.castShadow = true;
  key.shadow.mapSize.set(2048, 2048);
  key.shadow.normalBias = 0.012;
  key.shadow.bias = -0.0002;
  key.shadow.radius = 5;
  Object.assign(key.shadow.camera, { left: -1.1, right: 1.1, top: 1.6, bottom: -1.6, near: 1, far: 7 });
  const fill = new THREE.DirectionalLight(0xeaf0ff, 0.8);
  fill.position.set(-2.2, 1.4, 2.4);
  const rim = new THREE.DirectionalLight(0xd6e4ff, 1.4);
  rim.position.set(-1.6, 2.4, -2.5);
  return [key, key.target, fill, rim];
}

function floor() {
  const disc = new THREE.Mesh(new THREE.CircleGeometry(2.2, 64).rotateX(-Math.PI / 2), new THREE.ShadowMaterial({ opacity: 0.22 }));
  disc.receiveShadow = true;
  return disc;
}

function frame(kit) {
  const { box, camera } = kit;
  const height = box.max.y;
  const unit = height / 1.7; // children and giants are framed alike
  const shot = {
    face: { y: height - 0.16 * unit, tall: 0.52 * unit, wide: 0.46 * unit, turn: 0.22 },
    bust: { y: height - 0.36 * unit, tall: 0.95 * unit, wide: 0.85 * unit, turn: 0.18 },
    body: { y: height * 0.5, tall: height * 1.16, wide: height * 0.62, turn: 0.12 },
  }[kit.shot];
  const slope = Math.tan((camera.fov * Math.PI) / 360);
  const reach = Math.max(shot.tall / 2 / slope, shot.wide / 2 / slope / camera.aspect);
  kit.orbit.target.set(0, shot.y, 0.03);
  camera.position.set(Math.sin(shot.turn) * reach, shot.y + 0.03 * reach, Math.cos(shot.turn) * reach + 0.03);
  kit.orbit.update();
  for (const b of document.querySelectorAll('[data-view]')) b.classList.toggle('on', b.dataset.view === kit.shot);
}

function play(name, spoken = false) {
  const clip = stage.clips.get(name);
  if (!clip) return;
  const next = stage.mixer.clipAction(clip).reset();
  next.setLoop(spoken ? THREE.LoopOnce : THREE.LoopRepeat).play();
  next.clampWhenFinished = true;
  // Spoken clips are set to the sound's own time in every frame; their fade still runs on the mixer's.
  next.timeScale = spoken ? 0 : 1;
  if (stage.action && stage.action !== next) stage.action.crossFadeTo(next, 0.2, false);
  stage.action = next;
  for (const b of document.querySelectorAll('[data-clip]')) b.classList.toggle('on', b.dataset.clip === name);
}

const rest = () => play(stage.clips.has('idle') ? 'idle' : [...stage.clips.keys()][0]);

function hush() {
  voice.pause();
  stage.line = null;
  at('spoken').classList.remove('on');
  for (const b of document.querySelectorAll('button.line')) b.classList.remove('on');
}

function say(id) {
  hush();
  const line = lines.find((l) => l.id === id);
  if (!line) return;
  at('caption').textContent = line.text;
  at('spoken').classList.add('on');
  document.querySelector(`[data-line="${CSS.escape(id)}"]`)?.classList.add('on');
  if (!data.voices[id]) return;
  stage.line = { id, cues: data.visemes[id]?.cues ?? [], peaks: peaks(bytes(data.voices[id])) };
  voice.src = `data:audio/wav;base64,${data.voices[id]}`;
  play(`say_${id}`, true);
  voice.onended = () => { hush(); rest(); };
  voice.play().catch((error) => { at('caption').textContent = `${line.text} (${error.message})`; });
}

function poke(name, value) {
  for (const mesh of stage.morphs) {
    const index = mesh.morphTargetDictionary[name];
    if (index !== undefined) mesh.morphTargetInfluences[index] = value;
  }
}

function hold(weights) {
  for (const name of Object.keys(stage.held)) poke(name, 0);
  stage.held = { ...weights };
  for (const input of document.querySelectorAll('#morphs input')) input.value = stage.held[input.name] ?? 0;
}

function talking() {
  for (const line of lines) {
    const button = make('button', { className: 'line', onclick: () => say(line.id) });
    button.dataset.line = line.id;
    const seconds = line.seconds ? `${line.seconds.toFixed(1)} s` : '';
    button.append(make('i', { textContent: '▶' }), make('span', { textContent: line.text }), make('small', { textContent: seconds }));
    at('lines').append(button);
  }
  const replies = data.dialogue?.replies ?? [];
  at('asking').hidden = !replies.length;
  at('ask').onsubmit = (event) => { event.preventDefault(); ask(at('question').value); };
  for (const reply of replies.filter((r) => r.questions.length && r.line !== 'hello').slice(0, 4)) {
    at('chances').append(make('button', { textContent: reply.questions[0], onclick: () => ask(reply.questions[0]) }));
  }
  at('question').placeholder = replies[0]?.questions[0] ?? '';
}

function ask(question) {
  if (!question.trim()) return;
  at('question').value = question;
  const found = best(question, data.dialogue.replies, data.dialogue.fallback);
  const reply = at('reply');
  reply.textContent = lines.find((l) => l.id === found.line)?.text ?? '';
  const why = found.question ? both(`closest known question: `, '最接近的已知问题：') : both('no known question is near', '没有相近的已知问题');
  reply.append(make('small', { innerHTML: why }));
  if (found.question) reply.lastChild.append(found.question);
  reply.classList.add('on');
  say(found.line);
}

function faces() {
  for (const [en, zh, weights] of MOODS) {
    at('moods').append(make('button', { innerHTML: both(en, zh), onclick: () => hold(weights) }));
  }
  const known = [...new Set(stage.morphs.flatMap((m) => Object.keys(m.morphTargetDictionary)))];
  for (const [en, zh, belongs] of GROUPS) {
    const names = known.filter((name) => belongs.test(name));
    if (!names.length) continue;
    const group = make('details');
    const sliders = make('div', { className: 'sliders' });
    group.append(make('summary', { innerHTML: `${both(en, zh)} · ${names.length}` }), sliders);
    for (const name of names) sliders.append(slider(name));
    at('morphs').append(group);
  }
}

function slider(name) {
  const label = make('label');
  const input = make('input', { type: 'range', min: 0, max: 1, step: 0.01, value: 0, name });
  input.oninput = () => { if (+input.value) stage.held[name] = +input.value; else { delete stage.held[name]; poke(name, 0); } };
  label.append(make('span', { textContent: name.replace('viseme_', '') }), input);
  return label;
}

function controls(kit) {
  for (const name of [...stage.clips.keys()].filter((n) => !n.startsWith('say_'))) {
    const button = make('button', { textContent: name, onclick: () => { hush(); play(name); } });
    button.dataset.clip = name;
    at('clips').append(button);
  }
  for (const b of document.querySelectorAll('[data-view]')) b.onclick = () => { kit.shot = b.dataset.view; frame(kit); };
  at('turn').onclick = () => { kit.orbit.autoRotate = !kit.orbit.autoRotate; at('turn').classList.toggle('on', kit.orbit.autoRotate); };
  talking();
  faces();
}

function words() {
  const speak = (lang) => {
    document.body.dataset.lang = lang;
    for (const b of document.querySelectorAll('[data-words]')) b.classList.toggle('on', b.dataset.words === lang);
  };
  for (const b of document.querySelectorAll('[data-words]')) b.onclick = () => speak(b.dataset.words);
  speak(navigator.language.startsWith('zh') ? 'zh' : 'en');
}

function loop(kit) {
  let before = performance.now();
  kit.renderer.setAnimationLoop((now) => {
    const delta = Math.min((now - before) / 1000, 0.1);
    before = now;
    // The sound is the clock while a line is spoken, so lips cannot drift from it.
    if (stage.line && stage.action) stage.action.time = Math.min(voice.currentTime, stage.action.getClip().duration);
    stage.mixer.update(delta);
    for (const [name, value] of Object.entries(stage.held)) poke(name, value);
    kit.orbit.update(delta);
    kit.renderer.render(kit.world, kit.camera);
    if (stage.line) draw(at('wave'), stage.line, voice.currentTime, voice.duration);
  });
}

async function start() {
  words();
  const gltf = await new GLTFLoader().parseAsync(bytes(data.glb), '');
  let meshes = 0;
  gltf.scene.traverse((node) => {
    if (!node.isMesh) return;
    meshes += 1;
    node.castShadow = node.receiveShadow = true;
    node.frustumCulled = false;
    if (node.morphTargetDictionary) stage.morphs.push(node);
  });
  stage.mixer = new THREE.AnimationMixer(gltf.scene);
  for (const clip of gltf.animations) stage.clips.set(clip.name, clip);
  const most = Math.max(0, ...stage.morphs.map((m) => Object.keys(m.morphTargetDictionary).length));
  document.body.dataset.loaded = `${meshes},${most},${gltf.animations.length}`;
  const kit = (stage.kit = scene());
  controls(kit);
  kit.world.add(gltf.scene);
  kit.box = new THREE.Box3().setFromObject(gltf.scene);
  frame(kit);
  if (stage.clips.size) rest();
  loop(kit);
  at('wait').remove();
  document.body.dataset.drawn = 'yes';
}

start().catch((error) => { document.body.dataset.failed = String(error); at('wait').textContent = String(error); });
