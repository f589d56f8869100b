// Conversation: the list of lines, the sound and caption of the spoken one, and questions.
import { createConversation } from './answer.js';
import { byId, create, createButton, data, decode, label, lines, press, replies, tag } from './dom.js';
import { computePeaks } from './wave.js';

/** Fills the lines and the question form; `player` is what says them. */
export function fillTalk(player) {
  byId('speaking').hidden = !lines.length;
  byId('lines').append(...lines.map((line) => createLine(player, line)));
  byId('asking').hidden = !replies.length;
  byId('ask').onsubmit = (event) => { event.preventDefault(); ask(player, byId('question').value); };
  const examples = replies.filter((reply) => reply.questions.length && reply.line !== 'hello').slice(0, 4);
  byId('examples').append(...examples.map(({ questions: [first] }) => createButton(first, () => ask(player, first))));
  byId('question').placeholder = replies[0]?.questions[0] ?? '';
}

function createLine(player, line) {
  const text = create('span', { className: 'text', textContent: line.text, lang: tag(line.language) });
  const button = createButton(text, () => (player.spoken === line.id ? stopSpeaking(player) : say(player, line.id)));
  button.className = 'line';
  button.dataset.line = line.id;
  button.setAttribute('aria-pressed', 'false');
  if (line.seconds) {
    const time = create('small');
    time.append(label('seconds', { seconds: line.seconds.toFixed(1) }));
    button.append(time);
  }
  button.append(...createSources([line.id]));
  return button;
}

/** Stops the sound; the caller says what plays next. */
export function stopVoice(player) {
  player.voice.pause();
  Object.assign(player, { line: null, spoken: null });
  byId('spoken').classList.remove('on');
  byId('wave').hidden = true;
  byId('caption').textContent = '';
  press('[data-line]', () => false);
}

function stopSpeaking(player) {
  stopVoice(player);
  player.rest();
}

export function say(player, id) {
  const line = lines.find((l) => l.id === id);
  if (!line) return;
  stopVoice(player);
  player.spoken = id;
  byId('caption').textContent = line.text;
  byId('spoken').classList.add('on');
  press('[data-line]', (button) => button.dataset.line === id);
  byId('stage').scrollIntoView({ block: 'nearest' });
  if (data.voices[id]) speak(player, line);
}

function speak(player, line) {
  const { voice } = player;
  player.line = { id: line.id, cues: data.visemes[line.id]?.cues ?? [], peaks: computePeaks(decode(data.voices[line.id])) };
  byId('wave').hidden = false;
  voice.src = `data:audio/wav;base64,${data.voices[line.id]}`;
  player.play(`say_${line.id}`, { spoken: true });
  voice.onended = () => stopSpeaking(player);
  voice.play().catch((error) => { if (player.spoken === line.id) byId('caption').textContent = `${line.text} (${error.message})`; });
}

const answer = createConversation(data.dialogue);

function ask(player, question) {
  if (!question.trim()) return;
  byId('question').value = question;
  const { lines: ids, question: known } = answer(question);
  const [reply, why, ...old] = byId('reply').children;
  old.forEach((source) => source.remove());
  reply.textContent = ids.map((id) => lines.find((l) => l.id === id)?.text ?? '').join(' ');
  why.replaceChildren(label(known ? 'nearest' : 'no_nearest'), known ? ` ${known}` : '');
  byId('reply').append(...createSources(ids));
  byId('reply').hidden = false;
  sayAll(player, ids);
}

/** The documents that these lines quote, such as guide.pdf, page 3. */
function createSources(ids) {
  return lines.filter((line) => line.source && ids.includes(line.id)).map(({ source: { file, ...places } }) => {
    const shown = create('small', { className: 'source' });
    for (const [unit, number] of Object.entries(places)) shown.append(label(`source_${unit}`, { file, number }));
    return shown;
  });
}

/** Says lines one after the other. */
function sayAll(player, [id, ...rest]) {
  say(player, id);
  if (rest.length && data.voices[id]) player.voice.onended = () => sayAll(player, rest);
}
