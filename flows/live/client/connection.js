// The conversation's WebSocket: says hello, comes back after a loss with its memory, and hands on what arrives.
import { decodeSpeech } from './frames.js';

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8000;
const STEADY_MS = 5000; // a connection that lasted so long was a good one: the next loss is waited for briefly again
const FINAL = new Set([1008]); // the server refused this client: to come back would not help

/** {send, close, get open}; `on` has message(object), speech({header, samples, face}), open() and lost(). */
export function connect(url, hello, on) {
  let socket = null;
  let session = '';
  let wait = FIRST_WAIT_MS;
  let ended = false;
  let timer = 0;

  function start() {
    const began = performance.now();
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', protocol: 1, ...hello(), resume: session }));
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') { on.speech(decodeSpeech(data)); return; }
      const message = JSON.parse(data);
      if (message.type === 'ready') { session = message.session; on.open(message); }
      on.message(message);
    };
    socket.onclose = ({ code }) => {
      if (ended) return;
      on.lost(FINAL.has(code));
      if (FINAL.has(code)) return;
      if (performance.now() - began > STEADY_MS) wait = FIRST_WAIT_MS;
      timer = setTimeout(start, wait * (0.75 + Math.random() / 2)); // not all clients of a restarted server at once
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  }

  start();
  return {
    get open() { return socket?.readyState === WebSocket.OPEN; },
    get waiting() { return socket?.bufferedAmount ?? 0; },
    send(data) { if (socket?.readyState === WebSocket.OPEN) socket.send(typeof data === 'string' || data instanceof ArrayBuffer ? data : JSON.stringify(data)); },
    restart() { clearTimeout(timer); session = ''; wait = FIRST_WAIT_MS; if (socket) { socket.onclose = null; socket.close(); } start(); },
    close() { ended = true; clearTimeout(timer); socket?.close(); },
  };
}
