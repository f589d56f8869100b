// The microphone: permission, echo cancellation, and its sound as frames for the server.
import { encodeSound } from './frames.js';

const MOST_WAITING = 64000; // bytes; two seconds of sound that the network did not take are too old to matter

/** {toggle(), get on, stream}; `changed(on, error)` is called when it is switched. */
export function createEar(context, script, getConnection, changed) {
  let stream = null;
  let node = null;
  let loaded = null;

  async function turnOn() {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    loaded ??= context.audioWorklet.addModule(script);
    await loaded;
    node = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      const connection = getConnection();
      if (connection.open && connection.waiting < MOST_WAITING) connection.send(encodeSound(data));
    };
    context.createMediaStreamSource(stream).connect(node);
    stream.getAudioTracks()[0].onended = turnOff;
    getConnection().send({ type: 'microphone', on: true });
    changed(true);
  }

  function turnOff() {
    node?.disconnect();
    stream?.getTracks().forEach((track) => track.stop());
    stream = node = null;
    getConnection().send({ type: 'microphone', on: false });
    changed(false);
  }

  return {
    get on() { return stream !== null; },
    get stream() { return stream; },
    async toggle() {
      try {
        if (stream) turnOff();
        else await turnOn();
      } catch (error) {
        stream?.getTracks().forEach((track) => track.stop());
        stream = null;
        changed(false, error);
      }
    },
  };
}
