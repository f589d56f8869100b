// A question to the reply whose example questions share most of its rare words: the table of dialogue.json, with no server.

/** Latin words; Chinese by single characters and pairs, since it has no spaces. */
function splitWords(text) {
  const han = [...text.matchAll(/[\u4e00-\u9fff]+/g)].flatMap(([run]) => [...run].flatMap((c, i) => [c, run.slice(i, i + 2)]));
  return new Set([...(text.toLowerCase().match(/[a-z0-9']+/g) ?? []), ...han]);
}

/** {line, question}: the nearest known question and its reply, or the fallback and no question. */
export function answer(question, replies, fallback) {
  const given = splitWords(question);
  const common = replies.flatMap((r) => r.questions.map(splitWords));
  const rarity = (w) => Math.log((common.length + 1) / (1 + common.filter((s) => s.has(w)).length)) + 0.1;
  const weigh = (set) => [...set].reduce((sum, w) => sum + rarity(w), 0);
  let found = { score: 0.34, line: fallback, question: '' };
  for (const reply of replies) {
    for (const known of reply.questions) {
      const set = splitWords(known);
      const shared = weigh(new Set([...set].filter((w) => given.has(w))));
      const score = (2 * shared) / (weigh(set) + weigh(given) || 1);
      if (score > found.score) found = { score, line: reply.line, question: known };
    }
  }
  return found;
}
