// <fenshen-avatar src="build/kofi/">: a bundle on any page, from any static host. It plays its lines, and answers typed
// questions with them by the same words as the report. One file with three.js inside; no server, no network but the bundle's files.
//   const avatar = document.querySelector('fenshen-avatar');
//   await avatar.ready; await avatar.say('fact_01'); const { lines, text } = await avatar.ask('When do you open?');
import * as THREE from 'three';
import { createConversation } from '../../report/answer.js';
import { loadFigure, nameRestClip, startClip } from '../../report/figure.js';
import { createScene, frameShot } from '../../report/scene.js';
import { createCaptions } from './captions.js';
import { makeAudible } from './loudspeaker.js';
import { runLoop } from './loop.js';
import { createOverlay } from './overlay.js';
import { createPerformer } from './performer.js';
import { createPresence } from './presence.js';

const GAP_S = 0.18;
const STYLE = `
  :host { display: block; position: relative; min-height: 240px; height: 480px; overflow: hidden; }
  [hidden] { display: none !important; }
  #view { position: absolute; inset: 0; }
  #view canvas { display: block; }
  #caption { position: absolute; inset: auto 12px 12px; margin: 0; padding: 10px 16px; border-radius: 12px; font: 17px/1.45 system-ui, sans-serif;
    background: #fffffff0; color: #5a5c66; pointer-events: none; }
  #caption:empty { display: none; }
  #caption .said { color: #1b1c20; }
  form { position: absolute; inset: 12px 12px auto; display: flex; gap: 8px; }
  input, button { font: 16px system-ui, sans-serif; min-height: 44px; padding: 0 14px; border: 1px solid #8a867e; border-radius: 12px; }
  input { flex: 1; min-width: 0; }
  #name { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

class FenshenAvatar extends HTMLElement {
  #parts = null;
  #sounds = [];
  #number = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = Object.assign(document.createElement('style'), { textContent: STYLE });
    const view = Object.assign(document.createElement('div'), { id: 'view' });
    const name = Object.assign(document.createElement('span'), { id: 'view-name', hidden: true });
    const caption = Object.assign(document.createElement('p'), { id: 'caption' });
    caption.setAttribute('aria-live', 'polite');
    root.append(style, view, name, caption, this.#makeForm());
    this.ready = new Promise((resolve, reject) => { this.settle = { resolve, reject }; });
    this.ready.catch(() => {}); // who waits for it hears of it; the event `error` says it to the others
  }

  connectedCallback() {
    if (this.#parts || !this.getAttribute('src')) return;
    this.#parts = {};
    this.#start().then(
      () => { this.settle.resolve(this); this.dispatchEvent(new Event('ready')); },
      (error) => { this.settle.reject(error); this.dispatchEvent(new CustomEvent('error', { detail: error })); },
    );
  }

  disconnectedCallback() {
    this.stop();
    this.#parts?.scene?.renderer.setAnimationLoop(null);
  }

  #makeForm() {
    const form = document.createElement('form');
    const input = document.createElement('input');
    const button = Object.assign(document.createElement('button'), { textContent: '→' });
    input.setAttribute('aria-label', 'Question');
    button.setAttribute('aria-label', 'Ask');
    form.hidden = true;
    form.append(input, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      if (input.value.trim()) this.ask(input.value);
      input.value = '';
    };
    return form;
  }

  #url(path) { return new URL(path, new URL(`${this.getAttribute('src').replace(/\/?$/, '/')}`, document.baseURI)); }

  async #fetch(path) {
    const response = await fetch(this.#url(path));
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    return response;
  }

  async #start() {
    const root = this.shadowRoot;
    const [dialogue, glb] = await Promise.all([
      this.#fetch('dialogue.json').then((response) => response.json()), this.#fetch('avatar.glb').then((response) => response.arrayBuffer()),
    ]);
    const figure = await loadFigure(glb);
    const scene = createScene(root.getElementById('view'), root);
    scene.world.add(figure.root);
    scene.box = new THREE.Box3().setFromObject(figure.root);
    frameShot(scene, this.getAttribute('shot') ?? 'bust');
    const [context, overlay] = [new AudioContext(), createOverlay(figure)];
    const presence = createPresence(figure, overlay, scene.camera);
    const performer = createPerformer(figure, overlay, { audible: makeAudible(context) }, createCaptions(root.getElementById('caption')), {
      began: () => { presence.set('speaking'); this.dispatchEvent(new Event('began')); },
      ended: () => { presence.set('idle'); this.dispatchEvent(new Event('ended')); },
    });
    this.#parts = { dialogue, answer: createConversation(dialogue), figure, scene, context, overlay, performer };
    root.getElementById('caption').lang = root.querySelector('input').lang = dialogue.persona?.language ?? '';
    root.getElementById('view-name').textContent = dialogue.persona?.name ?? '';
    root.querySelector('form').hidden = !this.hasAttribute('controls');
    startClip(figure, nameRestClip(figure));
    runLoop(scene, (delta) => {
      overlay.undo();
      performer.advance();
      figure.mixer.update(delta);
      presence.update(delta);
    });
  }

  /** Ids and texts of everything it can say. */
  get lines() { return this.#parts?.dialogue?.lines ?? []; }

  /** Seconds of the spoken line that are heard, and those that its body shows; for tests. */
  get pose() { return { heard: this.#parts?.performer?.playing?.time ?? -1, shown: this.#parts?.figure?.action?.time ?? -1 }; }

  /** Speaks lines one after the other; resolves once the sound begins. The browser wants a click or a key before the first sound. */
  async say(...ids) {
    await this.ready;
    const { context, performer, dialogue } = this.#parts;
    await context.resume();
    this.stop();
    const number = this.#number += 1;
    const loaded = await Promise.all(ids.map(async (id) => {
      const [wav, track] = await Promise.all([this.#fetch(`voice/${id}.wav`), this.#fetch(`visemes/${id}.json`)]);
      return { buffer: await context.decodeAudioData(await wav.arrayBuffer()), words: (await track.json()).words ?? [] };
    }));
    if (number !== this.#number) return;
    performer.open(number, ids.map((id, i) => ({
      clip: `say_${id}`, text: dialogue.lines.find((line) => line.id === id)?.text ?? '', words: loaded[i].words,
    })));
    let at = context.currentTime + 0.02;
    loaded.forEach(({ buffer }, index) => {
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      source.start(at);
      performer.start({ answer: number, index, time: at, seconds: buffer.duration });
      this.#sounds.push(source);
      at += buffer.duration + GAP_S;
    });
    this.#sounds.at(-1).onended = () => performer.end(number);
  }

  /** Answers a question by its lines; {lines, question: the known one that is nearest, empty for none, text}. */
  async ask(question) {
    await this.ready;
    const { dialogue, answer } = this.#parts;
    const found = answer(question);
    await this.say(...found.lines);
    return { ...found, text: found.lines.map((id) => dialogue.lines.find((line) => line.id === id)?.text ?? '').join(' ') };
  }

  /** Ends what is spoken. */
  stop() {
    this.#number += 1;
    for (const source of this.#sounds) { source.onended = null; try { source.stop(); } catch { /* it has not begun */ } }
    this.#sounds = [];
    const { performer } = this.#parts ?? {};
    if (performer?.playing) performer.end(performer.playing.number);
  }
}

customElements.define('fenshen-avatar', FenshenAvatar);
