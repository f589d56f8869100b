// The text of a line with the word that is heard marked. A voice reads "1953" as four words, so that the words of the
// voice are matched to those of the text; what has no match takes the time between its neighbours.

const REACH = 6; // words by which the voice may be ahead
const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The text in pieces: words with what follows them, Chinese in single characters. */
export function splitText(text) {
  return text.match(/[\u3400-\u9fff\uf900-\ufaff][^\p{L}\p{N}]*|[^\s\u3400-\u9fff\uf900-\ufaff]+\s*|\s+/gu) ?? [];
}

/** Start in seconds of each piece. */
export function timePieces(pieces, words, duration) {
  const starts = pieces.map(() => null);
  let next = 0;
  pieces.forEach((piece, i) => {
    const said = plain(piece);
    if (!said) return;
    const found = words.slice(next, next + REACH).findIndex((word) => plain(word.text) === said);
    if (found < 0) return;
    starts[i] = words[next + found].start;
    next += found + 1;
  });
  const known = [[-1, words[0]?.start ?? 0], ...starts.flatMap((at, i) => (at === null ? [] : [[i, at]])), [pieces.length, words.at(-1)?.end ?? duration]];
  return starts.map((at, i) => {
    if (at !== null) return at;
    const right = known.findIndex(([place]) => place > i);
    const [[a, from], [b, to]] = [known[right - 1], known[right]];
    return from + ((to - from) * (i - a)) / (b - a);
  });
}

/** {show(text, words, duration), mark(seconds), clear()} on an element; the text is never markup. */
export function createCaptions(element) {
  let [spans, starts, marked] = [[], [], -2];
  return {
    show(text, words, duration) {
      const pieces = splitText(text);
      starts = words.length ? timePieces(pieces, words, duration) : [];
      spans = pieces.map((piece) => Object.assign(document.createElement('span'), { textContent: piece }));
      marked = -2;
      element.replaceChildren(...spans);
    },
    mark(seconds) {
      if (!starts.length) return;
      const at = starts.findLastIndex((start) => start <= seconds);
      if (at === marked) return;
      spans.forEach((span, i) => span.classList.toggle('said', i <= at));
      marked = at;
      if (spans[at]) element.scrollTop = spans[at].offsetTop - element.clientHeight / 2;
    },
    clear() { element.replaceChildren(); [spans, starts, marked] = [[], [], -2]; },
  };
}
