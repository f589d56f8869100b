// The live page: a figure that listens, thinks, speaks and stops when it is interrupted. Bundled with three.js by `fenshen bake`.
import * as THREE from 'three';
import { byId, connectLanguages, create, data, label, tag } from '../../report/dom.js';
import { loadFigure, nameRestClip, startClip } from '../../report/figure.js';
import { createScene, frameShot } from '../../report/scene.js';
import { createCaptions } from './captions.js';
import { createEar } from './ear.js';
import { createLoudspeaker } from './loudspeaker.js';
import { runLoop } from './loop.js';
import { createOverlay } from './overlay.js';
import { createPerformer } from './performer.js';
import { createPresence } from './presence.js';
import { connectXr } from './xr.js';

const MOST_EVENTS = 4000;
const THINKING_MS = 250; // a shorter thought is not shown: it would be a twitch
const page = { events: [], state: 'idle', say: false };
window.fenshenLive = page; // for tests, for bench.live and for the browser's console

function note(kind, fields = {}) {
  page.events.push({ at: performance.now(), kind, ...fields });
  if (page.events.length > MOST_EVENTS) page.events.splice(0, MOST_EVENTS / 2);
}

let thinking = 0;

function setState(state) {
  clearTimeout(thinking);
  if (state === 'thinking' && page.state !== 'thinking') {
    thinking = setTimeout(() => showState('thinking'), THINKING_MS);
    return;
  }
  showState(state);
}

function showState(state) {
  if (state === page.state) return;
  page.state = state;
  page.presence?.set(state === 'lost' ? 'idle' : state);
  document.body.dataset.state = state;
  byId('state').replaceChildren(label(`state_${state}`));
  note('state', { state });
}

/** A turn of the conversation in the log; what people and bundles wrote is text. */
/** A turn of the conversation; `sources` are the places of documents that it quotes, {file, and page, line or row}. */
function addTurn(who, text, sources = []) {
  const row = create('p', { className: who, textContent: text, lang: tag(page.language) });
  for (const { file, page: sheet, line, row: record } of sources) {
    const [unit, number] = sheet ? ['page', sheet] : line ? ['line', line] : ['row', record];
    const place = create('small', { className: 'source' });
    place.append(label(number ? `quoted_${unit}` : 'quoted', { file, number }));
    row.append(place);
  }
  byId('log').append(row);
  while (byId('log').children.length > 200) byId('log').firstChild.remove();
  row.scrollIntoView({ block: 'nearest' });
}

const showHearing = (text) => { byId('hearing').textContent = text; };

function showNotice(key, values = {}) {
  byId('notice').hidden = !key;
  byId('notice').replaceChildren(...(key ? [label(key, values)] : []));
}

const handlers = {
  ready(message) {
    Object.assign(page, { say: message.say, language: message.language });
    showNotice('');
    showState(page.performer.playing ? 'speaking' : 'idle');
    document.body.dataset.connected = 'yes';
  },
  state({ state }) {
    if (state === 'listening') showHearing('…');
    else showHearing('');
    setState(state);
  },
  hearing({ text, prepare }) {
    showHearing(text);
    page.presence.nod();
    prepare.forEach(loadWords);
  },
  heard({ text }) {
    showHearing('');
    addTurn('person', text);
  },
  answer(message) {
    clearTimeout(thinking);
    addTurn('figure', message.text, message.source);
    note('answer', { answer: message.answer, new: message.new, lines: message.lines, timing: message.timing, question: message.question });
    page.performer.open(message.answer, message.new ? [] : message.lines.map(makeSegment));
    if (!message.new && !message.lines.length) showState('idle');
  },
  stop({ answer, reason }) {
    note('stop', { answer, reason });
    page.performer.end(answer);
  },
  error({ code, message }) {
    note('error', { code });
    showNotice('server_says', { message });
    if (page.state === 'thinking') showState('idle');
  },
};

/** A line's segment of an answer; its words arrive while its sound begins. */
function makeSegment(id) {
  const segment = { clip: `say_${id}`, text: page.texts[id] ?? '', words: [] };
  loadWords(id).then((words) => { segment.words = words; });
  return segment;
}

const words = new Map();

function loadWords(id) {
  if (!words.has(id)) {
    words.set(id, fetch(`${page.base}/visemes/${encodeURIComponent(id)}.json`).then((response) => response.json()).then((track) => track.words ?? []).catch(() => []));
  }
  return words.get(id);
}

/** The worker that owns the connection; what concerns sound it does itself. */
function openConnection() {
  const worker = new Worker('/scripts/socket.js');
  const url = new URL('/live', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  worker.onmessage = ({ data: { message, speech, lost, failed } }) => {
    if (message?.type === 'ready') note('open', { session: message.session, resumed: message.resumed });
    if (message) handlers[message.type]?.(message);
    if (speech) { note('speech', { answer: speech.header.answer, number: speech.header.number }); page.performer.add(speech); }
    if (failed) showNotice('no_sound', { reason: failed });
    if (lost) {
      delete document.body.dataset.connected;
      if (!lost.final) showNotice('lost');
      showState('lost');
    }
  };
  const { port, context } = page.loudspeaker;
  const hello = { bundle: data.bundle, consent: page.consent === true };
  worker.postMessage({ start: { url: url.href, base: new URL(page.base, location.href).href, rate: context.sampleRate, hello, speaker: port } }, [port]);
  return worker;
}

function createPageEar() {
  return createEar(page.loudspeaker.context, '/scripts/microphone.js', page.worker, (on, error) => {
    byId('microphone').setAttribute('aria-pressed', String(on));
    note('microphone', { on });
    if (error) showNotice(error.name === 'NotAllowedError' ? 'microphone_refused' : 'microphone_failed', { reason: error.message });
  });
}

function connectControls() {
  byId('ask').onsubmit = async (event) => {
    event.preventDefault();
    const text = byId('question').value.trim();
    if (!text) return;
    await page.loudspeaker.resume();
    byId('question').value = '';
    addTurn('person', text);
    note('question', { text });
    page.worker.postMessage({ send: { type: 'ask', text } });
  };
  byId('microphone').onclick = async () => { await page.loudspeaker.resume(); await page.ear.toggle(); };
  byId('stop').onclick = () => page.worker.postMessage({ stop: true, send: { type: 'stop' } });
  byId('bundle')?.addEventListener('change', ({ target }) => { location.href = `/talk/${encodeURIComponent(target.value)}`; });
  for (const button of document.querySelectorAll('[data-view]')) button.onclick = () => frameShot(page.scene, button.dataset.view);
}

/** Where the server records, nothing is sent before the person has said whether they agree. */
function askConsent() {
  if (!data.record) return Promise.resolve(false);
  const dialog = byId('consent');
  dialog.showModal();
  return new Promise((done) => { dialog.onclose = () => done(dialog.returnValue === 'agree'); });
}

function update(delta) {
  page.overlay.undo();
  page.performer.advance();
  page.figure.mixer.update(delta);
  page.performer.applyFace();
  page.presence.update(delta);
  page.onFrame?.(page);
}

async function start() {
  connectLanguages();
  page.base = `/bundles/${encodeURIComponent(data.bundle)}`;
  page.loudspeaker = await createLoudspeaker('/scripts/speaker.js');
  page.texts = Object.fromEntries(data.dialogue.lines.map((line) => [line.id, line.text]));
  page.figure = await loadFigure(await (await fetch(`${page.base}/avatar.glb`)).arrayBuffer());
  document.body.dataset.loaded = page.figure.counts.join(',');
  page.scene = createScene(byId('view'));
  page.scene.world.add(page.figure.root);
  page.scene.box = new THREE.Box3().setFromObject(page.figure.root);
  frameShot(page.scene, innerWidth < 700 ? 'face' : 'bust');
  page.overlay = createOverlay(page.figure);
  page.presence = createPresence(page.figure, page.overlay, page.scene.camera);
  page.performer = createPerformer(page.figure, page.overlay, page.loudspeaker, createCaptions(byId('caption')), {
    began: (answer) => { note('started', { answer }); showState('speaking'); },
    ended: (answer) => { note('ended', { answer }); if (page.state === 'speaking') showState('idle'); },
  });
  page.loudspeaker.node.port.onmessage = ({ data: { started, ended } }) => {
    if (started) { note('segment', { planned: started.time, index: started.index }); page.performer.start(started); }
    if (ended !== undefined) page.performer.end(ended);
  };
  startClip(page.figure, nameRestClip(page.figure));
  connectControls();
  page.loop = runLoop(page.scene, update);
  connectXr(page.scene, byId('xr'));
  byId('wait').remove();
  page.consent = await askConsent();
  page.worker = openConnection();
  page.ear = createPageEar();
  document.body.dataset.drawn = 'yes';
}

start().catch((error) => { document.body.dataset.failed = byId('wait').textContent = String(error); });
