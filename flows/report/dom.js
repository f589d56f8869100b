// What every part of the page shares: the data that the page carries, elements, labels in two languages.

const payload = document.getElementById('payload');
export const data = payload ? JSON.parse(payload.textContent) : { labels: {}, dialogue: {} }; // a web component has no payload
export const lines = data.dialogue.lines ?? [];
export const replies = data.dialogue.replies ?? [];
export const byId = (id) => document.getElementById(id);
export const create = (tag, fields = {}) => Object.assign(document.createElement(tag), fields);
export const decode = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
export const prefersStill = matchMedia('(prefers-reduced-motion: reduce)');

/** A label in both languages, as in the templates; {names} are filled in. */
export function label(key, values = {}) {
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const [en, zh] = data.labels[key].map(fill);
  const both = document.createDocumentFragment();
  both.append(create('span', { className: 'en', textContent: en }), create('span', { className: 'zh', textContent: zh }));
  return both;
}

export function createButton(content, onclick) {
  const button = create('button', { type: 'button', onclick });
  button.append(content);
  return button;
}

/** Marks the buttons of a group: pressed where `isPressed` holds. */
export function press(selector, isPressed, root = document) {
  for (const button of root.querySelectorAll(selector)) button.setAttribute('aria-pressed', String(isPressed(button)));
}

/** BCP 47 tag of a line's language. */
export const tag = (language) => ({ zh: 'zh-CN' })[language] ?? language ?? '';

export function connectLanguages() {
  for (const button of document.querySelectorAll('[data-language]')) {
    button.onclick = () => {
      document.documentElement.lang = button.dataset.language;
      press('[data-language]', (b) => b === button);
    };
  }
}
