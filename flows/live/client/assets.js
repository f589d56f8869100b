// The files of a bundle, from wherever it is served.

/** {fetchBytes, fetchJson, loadLine} for a bundle's folder; `decode` makes a sound of a WAV's bytes. */
export function openBundle(base, decode) {
  const root = base.endsWith('/') ? base : `${base}/`;
  const get = async (path) => {
    const response = await fetch(root + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    return response;
  };
  const fetchJson = async (path) => (await get(path)).json();
  const fetchBytes = async (path) => (await get(path)).arrayBuffer();
  const loadLine = async (id) => {
    const [bytes, track] = await Promise.all([fetchBytes(`voice/${id}.wav`), fetchJson(`visemes/${id}.json`)]);
    return { buffer: await decode(bytes), words: track.words ?? [], cues: track.cues ?? [] };
  };
  return { fetchBytes, fetchJson, loadLine };
}
