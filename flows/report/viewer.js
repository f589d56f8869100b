// The viewer of report.html: reads window.FENSHEN {glb, dialogue, voices} and fills the page. Bundled to viewer.min.js by
// node_modules/.bin/esbuild flows/report/viewer.js --bundle --minify --format=iife --outfile=flows/report/viewer.min.js
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';

const data = JSON.parse(document.getElementById('bundle').textContent);
const at = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const stage = { mixer: null, clips: new Map(), morphs: [], action: null, held: {}, audio: null };

function scene() {
  const view = at('view');
  const renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.toneMapping = THREE.NeutralToneMapping;
  renderer.shadowMap.enabled = true;
  view.append(renderer.domElement);
  const world = new THREE.Scene();
  world.environment = new THREE.PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04).texture;
  world.environmentIntensity = 0.55;
  const key = new THREE.DirectionalLight(0xfff1e0, 1.6);
  key.position.set(1.5, 3, 2.5);
  key.castShadow = true;
  key.shadow.mapSize.set(2048, 2048);
  key.shadow.normalBias = 0.02;
  Object.assign(key.shadow.camera, { left: -1.5, right: 1.5, top: 2.5, bottom: -1 });
  const rim = new THREE.DirectionalLight(0xbfd4ff, 1.2);
  rim.position.set(-2, 2, -2.5);
  const floor = new THREE.Mesh(new THREE.CircleGeometry(1.6, 64).rotateX(-Math.PI / 2), new THREE.ShadowMaterial({ opacity: 0.28 }));
  floor.receiveShadow = true;
  world.add(key, rim, floor);
  const camera = new THREE.PerspectiveCamera(28, 1, 0.02, 50);
  const orbit = new OrbitControls(camera, renderer.domElement);
  const resize = () => {
    renderer.setSize(view.clientWidth, view.clientHeight);
    camera.aspect = view.clientWidth / Math.max(view.clientHeight, 1);
    camera.updateProjectionMatrix();
  };
  addEventListener('resize', resize);
  resize();
  return { renderer, world, camera, orbit };
}

function frame(kit, box, close) {
  const size = box.getSize(new THREE.Vector3());
  const top = box.max.y;
  const y = close ? top - 0.15 * (size.y / 1.7) : top / 2;
  const reach = close ? 0.95 : (size.y * 0.56) / Math.tan((kit.camera.fov * Math.PI) / 360);
  kit.orbit.target.set(0, y, 0);
  kit.camera.position.set(0.12 * reach, y + 0.03 * reach, reach);
  kit.orbit.update();
}

function play(name, audio) {
  const clip = stage.clips.get(name);
  if (!clip) return;
  const next = stage.mixer.clipAction(clip).reset();
  next.setLoop(audio ? THREE.LoopOnce : THREE.LoopRepeat).play();
  next.clampWhenFinished = true;
  if (stage.action && stage.action !== next) stage.action.crossFadeTo(next, 0.2, false);
  stage.action = next;
  stage.audio = audio ?? null;
  for (const b of document.querySelectorAll('[data-clip]')) b.classList.toggle('on', b.dataset.clip === name);
}

const voice = new Audio();
function say(id) {
  voice.pause();
  const line = data.dialogue?.lines.find((l) => l.id === id);
  at('caption').textContent = line?.text ?? '';
  if (!data.voices[id]) return;
  voice.src = `data:audio/wav;base64,${data.voices[id]}`;
  play(`say_${id}`, voice);
  voice.onended = () => play(stage.clips.has('idle') ? 'idle' : [...stage.clips.keys()][0]);
  voice.play();
}

function words(text) {
  // Latin words; Chinese by single characters and pairs, since it has no spaces.
  const han = [...text.matchAll(/[\u4e00-\u9fff]+/g)].flatMap(([run]) => [...run].flatMap((c, i) => [c, run.slice(i, i + 2)]));
  return new Set([...(text.toLowerCase().match(/[a-z0-9']+/g) ?? []), ...han]);
}

function answer(question) {
  const asked = words(question);
  const common = (data.dialogue?.replies ?? []).flatMap((r) => r.questions.map((q) => words(q)));
  const rarity = (w) => Math.log((common.length + 1) / (1 + common.filter((s) => s.has(w)).length)) + 0.1;
  const weigh = (set) => [...set].reduce((sum, w) => sum + rarity(w), 0);
  let best = { score: 0.34, line: data.dialogue?.fallback };
  for (const reply of data.dialogue?.replies ?? []) {
    for (const q of reply.questions.map(words)) {
      const shared = weigh(new Set([...q].filter((w) => asked.has(w))));
      const score = (2 * shared) / (weigh(q) + weigh(asked) || 1);
      if (score > best.score) best = { score, line: reply.line };
    }
  }
  return best.line;
}

function controls() {
  for (const name of [...stage.clips.keys()].filter((n) => !n.startsWith('say_'))) {
    const button = Object.assign(document.createElement('button'), { textContent: name });
    button.dataset.clip = name;
    button.onclick = () => { voice.pause(); play(name); };
    at('clips').append(button);
  }
  for (const line of data.dialogue?.lines ?? []) {
    const button = Object.assign(document.createElement('button'), { textContent: `▶ ${line.text}`, className: 'line' });
    button.onclick = () => say(line.id);
    at('lines').append(button);
  }
  const names = [...new Set(stage.morphs.flatMap((m) => Object.keys(m.morphTargetDictionary)))];
  for (const name of names) {
    const label = document.createElement('label');
    const slider = Object.assign(document.createElement('input'), { type: 'range', min: 0, max: 1, step: 0.01, value: 0 });
    slider.oninput = () => { if (+slider.value) stage.held[name] = +slider.value; else { delete stage.held[name]; poke(name, 0); } };
    label.append(Object.assign(document.createElement('span'), { textContent: name }), slider);
    at('morphs').append(label);
  }
  at('ask').onsubmit = (event) => { event.preventDefault(); say(answer(at('question').value)); };
}

function poke(name, value) {
  for (const mesh of stage.morphs) {
    const index = mesh.morphTargetDictionary[name];
    if (index !== undefined) mesh.morphTargetInfluences[index] = value;
  }
}

function loop(kit) {
  let before = performance.now();
  kit.renderer.setAnimationLoop((now) => {
    const delta = Math.min((now - before) / 1000, 0.1);
    before = now;
    // The sound is the clock while a line is spoken, so lips cannot drift from it.
    if (stage.audio && !stage.audio.paused && stage.action) { stage.action.time = stage.audio.currentTime; stage.mixer.update(0); } else stage.mixer.update(delta);
    for (const [name, value] of Object.entries(stage.held)) poke(name, value);
    kit.renderer.render(kit.world, kit.camera);
  });
}

async function start() {
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
  controls();
  const kit = scene();
  kit.world.add(gltf.scene);
  const box = new THREE.Box3().setFromObject(gltf.scene);
  frame(kit, box, false);
  at('closer').onclick = () => frame(kit, box, true);
  at('whole').onclick = () => frame(kit, box, false);
  if (stage.clips.size) play(stage.clips.has('idle') ? 'idle' : [...stage.clips.keys()][0]);
  loop(kit);
  document.body.dataset.drawn = 'yes';
}

start().catch((error) => { document.body.dataset.failed = String(error); at('caption').textContent = String(error); });
