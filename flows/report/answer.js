// Questions to lines by the words that they share with known questions: the tables of dialogue.json, with no server.
// stages/dialogue/lexical.py runs the same steps, and a test compares the two; a change here needs the same change there.

const [THRESHOLD, STRAY_WEIGHT, TEXT_WEIGHT, PART_WEIGHT, LETTER_WEIGHT, UNKNOWN_RARITY] = [0.45, 1.0, 0.7, 0.35, 0.3, 3.0];
const [PASSAGE_THRESHOLD, MIN_PART_SCORE] = [0.25, 0.6];
const TOKENS = /[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z0-9]+(?:'[a-z]+)?/g;
const ENDINGS = ["'s", 'ings', 'ing', 'ies', 'ed', 'es', 's'];
const STARTS = 'what|when|where|who|why|how|which|can|could|do|does|did|is|are|may|will|would|should|have|has';
const BREAKS = new RegExp(`[.!?;。！？；，]+|,?\\s+and\\s+(?=(?:${STARTS})\\b)`);
const [MAX_SHORT_WORDS, MAX_SHORT_CHARACTERS] = [4, 7];
const OPENINGS = ['and ', 'what about', 'how about', '那'];

const normalize = (text) => [...text].slice(0, 400).join('').normalize('NFKC').replaceAll('’', "'").toLowerCase();
const tokenize = (text) => normalize(text).match(TOKENS) ?? [];
const isHan = (letter) => letter >= '\u3400';

function stem(word) {
  const ending = ENDINGS.find((end) => word.endsWith(end) && word.length - end.length >= 3);
  return ending ? word.slice(0, -ending.length) + (ending === 'ies' ? 'y' : '') : word;
}

/** Term -> how often: stems, parts of long words (#abcd), Chinese characters and pairs of them. */
function countTerms(text) {
  const count = new Map();
  const add = (term) => count.set(term, (count.get(term) ?? 0) + 1);
  for (const token of tokenize(text)) {
    if (isHan(token[0])) {
      [...token].forEach(add);
      for (let at = 0; at + 2 <= token.length; at++) add(token.slice(at, at + 2));
      continue;
    }
    const word = stem(token);
    add(word);
    if (word.length > 4) for (let at = 0; at + 4 <= word.length; at++) add(`#${word.slice(at, at + 4)}`);
  }
  return count;
}

const weighKind = (term) => (term[0] === '#' ? PART_WEIGHT : term.length === 1 && isHan(term) ? LETTER_WEIGHT : 1);

function isShort(text) {
  const plain = normalize(text).trim();
  const han = [...plain].filter(isHan).length;
  const opened = OPENINGS.some((opening) => plain.startsWith(opening));
  if (han) return han <= MAX_SHORT_CHARACTERS || opened || plain.slice(-2).includes('呢');
  return tokenize(plain).length <= MAX_SHORT_WORDS || opened;
}

function isOtherScript(text, language) {
  const letters = [...text].filter((letter) => /\p{L}/u.test(letter));
  const latin = letters.filter((letter) => letter <= '\u024f').length;
  if (language === 'zh') return tokenize(text).length > 1 && latin === letters.length && latin > 0;
  return letters.length > 0 && latin < 0.4 * letters.length;
}

/** find (text, fallback, threshold) -> {line, score, question}: the best of texts of lines with their weights; has: whether one has a term. */
function createIndex(rows) {
  const examples = rows.map((row) => ({ ...row, count: countTerms(row.text) }));
  const documents = new Map();
  for (const { count } of examples) for (const term of count.keys()) documents.set(term, (documents.get(term) ?? 0) + 1);
  const rarity = (term) => (documents.has(term) ? Math.log((1 + examples.length) / (1 + documents.get(term))) + 0.2 : UNKNOWN_RARITY);

  function weigh(count) {
    const weights = new Map([...count].map(([term, number]) => [term, number * rarity(term) * weighKind(term)]));
    const length = Math.sqrt([...weights.values()].reduce((sum, weight) => sum + weight * weight, 0)) || 1;
    return new Map([...weights].map(([term, weight]) => [term, weight / length]));
  }
  for (const example of examples) example.row = weigh(example.count);

  const find = (text, fallback, threshold) => {
    const query = weigh(countTerms(text));
    let best = { line: fallback, score: threshold, question: '' };
    for (const { line, text: known, weight, row } of examples) {
      let sum = 0;
      for (const [term, value] of query) sum += value * (row.get(term) ?? 0);
      if (weight * sum > best.score) best = { line, score: weight * sum, question: known };
    }
    return best;
  };
  return { find, has: (term) => documents.has(term) };
}

/** A function (question, previous question) -> {lines, question}: ids of lines in order, and the known question that was nearest. */
export function createAnswerer({ lines = [], replies = [], paraphrases = [], fallback, persona = {} }) {
  const texts = new Map(lines.map((line) => [line.id, line.text]));
  const examples = [...replies, ...paraphrases].flatMap(({ line, questions }) =>
    questions.map((text) => ({ line, text, weight: line === fallback ? STRAY_WEIGHT : 1 })));
  for (const { id, text: spoken, grounded_in: grounds = [] } of lines) {
    const text = grounds.join(' ') || spoken; // without the words that a manner says before a fact
    if (id.startsWith('fact')) examples.push({ line: id, text, weight: TEXT_WEIGHT });
  }
  const index = createIndex(examples);
  const quoted = lines.filter((line) => line.source).map(({ id, text, topic = '' }) => ({ line: id, text: `${topic} ${text}`.trim(), weight: 1 }));
  const passages = quoted.length ? createIndex([...quoted, ...examples.filter((one) => one.line === fallback)]) : null;

  function find(text) {
    const best = index.find(text, fallback, THRESHOLD);
    return passages && best.line === fallback ? passages.find(text, fallback, PASSAGE_THRESHOLD) : best;
  }

  // "Any dragons?" is no follow-up of a question about opening hours, "and the dragons?" is.
  const knowsAllWords = (text) => OPENINGS.some((opening) => normalize(text).trim().startsWith(opening))
    || [...countTerms(text).keys()].every((term) => index.has(term) || passages?.has(term) || term[0] === '#' || isHan(term[0]));

  return (question, before = '') => {
    if (isOtherScript(question, persona.language ?? 'en')) return { lines: [texts.has('language') ? 'language' : fallback], question: '' };
    const pieces = normalize(question).split(BREAKS).map((part) => part.trim()).filter((part) => countTerms(part).size).slice(0, 3);
    const found = pieces.length > 1 ? pieces.map(find) : [];
    const facts = [...new Set(found.filter((one) => one.line.startsWith('fact') && one.score >= MIN_PART_SCORE).map((one) => one.line))];
    if (facts.length > 1) return { lines: facts, question: found.map((one) => one.question).join(' ') };
    let best = find(question);
    if (best.line === fallback && before && isShort(question) && knowsAllWords(question)) best = find(`${before} ${question}`);
    const known = texts.has(best.line) || best.line === 'repeat';
    return { lines: [known ? best.line : fallback], question: known && best.line !== fallback ? best.question : '' };
  };
}

/** A function (question) -> {lines, question} that remembers the last turn: for follow-ups, and for what is to be said again. */
export function createConversation(dialogue) {
  const answer = createAnswerer(dialogue);
  let previous = { question: '', lines: [dialogue.fallback] };
  return (question) => {
    const found = answer(question, previous.question);
    if (found.lines[0] === 'repeat') return { ...found, lines: previous.lines };
    previous = { question, lines: found.lines };
    return found;
  };
}
