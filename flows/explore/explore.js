// The explore page: one object of dotted fields is the state; every change of it is drawn, and can be undone.
'use strict';

const find = (id) => document.getElementById(id);
const payload = JSON.parse(find('payload').textContent);
const sliders = [...document.querySelectorAll('input[data-field]')];
const EXACT_AFTER_MS = 700;
const begin = {};
let fields = {};
const past = [];
let future = [];
let salt = 0;
let dragged = null;

const say = (name) => payload.labels[name][document.documentElement.lang === 'en' ? 0 : 1];

async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (answer.ok) return answer;
  const type = answer.headers.get('Content-Type') || '';
  const found = type.startsWith('application/json') ? (await answer.json()).findings : [{ message: await answer.text() }];
  throw new Error(found.map((finding) => finding.message).join('\n'));
}

function showState(name) {
  find('state').dataset.name = name;
  find('state').textContent = say(name);
}

function report(error) {
  find('problem').hidden = !error;
  find('problem').textContent = error ? (error instanceof TypeError ? say('lost') : error.message) : '';
}

// The state

function change(next, { remember = true } = {}) {
  if (remember) {
    past.push(fields);
    future = [];
  }
  fields = next;
  show();
}

function move(from, to) {
  if (!from.length) return;
  to.push(fields);
  fields = from.pop();
  show();
}

function show() {
  find('undo').disabled = !past.length;
  find('redo').disabled = !future.length;
  portrait.request();
  neighbours.request();
  if (!dragged) resolve();
}

// Sliders show the values that the spec and its people have, where the page sets none.
let requested = 0;
async function resolve() {
  const mine = ++requested;
  try {
    const spec = await (await post('/resolved', { fields })).json();
    if (mine !== requested) return;
    for (const input of sliders) {
      const value = input.dataset.field.split('.').reduce((holder, name) => (holder ? holder[name] : undefined), spec);
      input.value = value ?? 0;
      input.nextElementSibling.querySelector('output').textContent = Number(input.value).toFixed(input.step < 1 ? 2 : 0);
    }
    find('seed').value = spec.seed;
    showMix(spec.identity.mix);
    document.body.dataset.resolved = mine;
    report(null);
  } catch (error) {
    if (mine === requested) report(error);
  }
}

// The portrait: one request at a time, always of the newest state; the exact one once nothing has changed for a while.
const portrait = {
  busy: false, waiting: false, timer: 0, turn: 0,
  request() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.waiting = true;
    this.next();
  },
  async next() {
    if (this.busy || !this.waiting) return;
    this.busy = true;
    this.waiting = false;
    const mine = this.turn;
    showState('drawing');
    await this.draw(mine, false);
    this.busy = false;
    if (this.waiting) this.next();
    else this.timer = setTimeout(() => this.draw(mine, true), EXACT_AFTER_MS);
  },
  async draw(mine, exact) {
    if (exact && document.body.dataset.exact === 'yes' && this.shown === mine && this.shownExact) return;
    try {
      const answer = await post('/portrait', { fields, exact });
      if (mine !== this.turn && exact) return;
      const picture = URL.createObjectURL(await answer.blob());
      const image = find('portrait');
      image.onload = () => URL.revokeObjectURL(picture);
      image.src = picture;
      this.shown = mine;
      this.shownExact = exact;
      document.body.dataset.exact = exact ? 'yes' : answer.headers.get('X-Exact');
      document.body.dataset.drawn = Number(document.body.dataset.drawn || 0) + 1;
      document.body.dataset.seconds = answer.headers.get('X-Seconds');
      showState(exact ? 'exact' : document.body.dataset.exact === 'yes' ? 'exact' : 'quick');
    } catch (error) {
      if (mine === this.turn) report(error);
    }
  },
};

// Neighbours are drawn one after the other, behind the portrait.
const neighbours = {
  turn: 0, timer: 0,
  request() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(this.turn), 2 * EXACT_AFTER_MS);
  },
  async draw(mine) {
    try {
      const list = await (await post('/neighbours', { fields, salt })).json();
      if (mine !== this.turn) return;
      find('neighbours').replaceChildren();
      for (const one of list) {
        const answer = await post('/portrait', { fields: one, thumbnail: true });
        if (mine !== this.turn) return;
        const button = document.createElement('button');
        const image = document.createElement('img');
        button.type = 'button';
        image.alt = say('choose');
        image.src = URL.createObjectURL(await answer.blob());
        image.onload = () => URL.revokeObjectURL(image.src);
        button.append(image);
        button.onclick = () => change(one);
        find('neighbours').append(button);
      }
    } catch (error) {
      if (mine === this.turn) report(error);
    }
  },
};

// Controls

for (const input of sliders) {
  input.addEventListener('input', () => {
    const first = dragged !== input;
    dragged = input;
    input.nextElementSibling.querySelector('output').textContent = Number(input.value).toFixed(input.step < 1 ? 2 : 0);
    change({ ...fields, [input.dataset.field]: Number(input.value) }, { remember: first });
  });
  input.addEventListener('change', () => {
    dragged = null;
    resolve();
  });
  input.addEventListener('dblclick', () => change({ ...fields, [input.dataset.field]: null }));
}
find('seed').addEventListener('change', () => change({ ...fields, seed: Math.max(0, Math.floor(Number(find('seed').value))) }));
find('next').onclick = () => change({ ...fields, seed: crypto.getRandomValues(new Uint32Array(1))[0] });
find('undo').onclick = () => move(past, future);
find('redo').onclick = () => move(future, past);
find('reset').onclick = () => change({ ...begin });
find('more').onclick = () => { salt += 1; neighbours.request(); };
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || event.target.matches('textarea, input[type=text], input[type=number]')) return;
  event.preventDefault();
  if (event.shiftKey) move(future, past);
  else move(past, future);
});

function describePerson(person) {
  return person.preset ?? person.spec ?? `${say('seed')} ${person.seed}`;
}

function showMix(people) {
  const list = people.filter((person) => person.share === null);
  find('mix').replaceChildren(...list.map((person, number) => {
    const item = document.createElement('li');
    const name = document.createElement('span');
    const weight = document.createElement('input');
    const remove = document.createElement('button');
    name.textContent = describePerson(person);
    Object.assign(weight, { type: 'number', min: 0.01, max: 100, step: 0.1, value: person.weight });
    weight.setAttribute('aria-label', say('mix_weight'));
    weight.onchange = () => setMix(list.map((one, index) => (index === number ? { ...one, weight: Number(weight.value) } : one)));
    remove.type = 'button';
    remove.textContent = say('remove');
    remove.onclick = () => setMix(list.filter((_, index) => index !== number));
    item.append(name, weight, remove);
    return item;
  }));
  find('mix').people = list;
}

function setMix(people) {
  const plain = people.map(({ seed, spec, preset, weight }) => {
    const given = Object.entries({ seed, spec, preset }).filter(([, value]) => value !== null && value !== undefined);
    return { ...Object.fromEntries(given), weight };
  });
  change({ ...fields, 'identity.mix': plain.length ? plain : null });
}

find('mix-add').onclick = () => {
  const seed = find('mix-seed').value;
  const list = find('mix').people || [];
  const own = list.length ? list : [{ seed: Number(find('seed').value), weight: 1 }];
  setMix([...own, seed ? { seed: Math.floor(Number(seed)), weight: 1 } : { preset: find('mix-person').value, weight: 1 }]);
};

if (find('apply')) {
  find('apply').onclick = async () => {
    try {
      const found = await (await post('/describe', { fields, text: find('text').value })).json();
      find('ignored').textContent = found.ignored.length ? say('ignored') + found.ignored.join(', ') : '';
      change({ ...fields, ...found.fields });
    } catch (error) {
      report(error);
    }
  };
}

find('write').onclick = async () => {
  try {
    const body = { fields, file: find('file').value, overwrite: find('overwrite').checked };
    const made = await (await post('/write', body)).json();
    find('written').textContent = `${say('written')}${made.file}. ${say('next_step')} fenshen build ${made.file}`;
    find('overwrite').checked = false;
    report(null);
  } catch (error) {
    find('written').textContent = '';
    report(error);
  }
};

for (const button of document.querySelectorAll('[data-language]')) {
  button.onclick = () => {
    document.documentElement.lang = button.dataset.language;
    for (const other of document.querySelectorAll('[data-language]')) other.setAttribute('aria-pressed', String(other === button));
    if (find('text')) find('text').placeholder = say('text_hint');
    find('portrait').alt = say('portrait');
    if (find('state').dataset.name) showState(find('state').dataset.name);
    resolve();
  };
}
document.querySelector(`[data-language="${navigator.language.startsWith('zh') ? 'zh-CN' : 'en'}"]`).click();
window.fenshenExplore = { get fields() { return fields; }, get past() { return past.length; } };
change({ ...begin }, { remember: false });
