// The microphone: permission, echo cancellation, and a worklet whose sound goes to the worker that owns the connection.

/** {toggle(), get on, stream}; `changed(on, error)` is called when it is switched. */
export function createEar(context, script, worker, changed) {
  let [stream, node, loaded] = [null, null, null];

  async function turnOn() {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    loaded ??= context.audioWorklet.addModule(script);
    await loaded;
    node = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
    const channel = new MessageChannel();
    node.port.postMessage({ port: channel.port1 }, [channel.port1]);
    worker.postMessage({ microphone: channel.port2 }, [channel.port2]);
    context.createMediaStreamSource(stream).connect(node);
    stream.getAudioTracks()[0].onended = turnOff;
    worker.postMessage({ send: { type: 'microphone', on: true } });
    changed(true);
  }

  function turnOff() {
    node?.port.postMessage({ close: true });
    node?.disconnect();
    stream?.getTracks().forEach((track) => track.stop());
    stream = node = null;
    worker.postMessage({ send: { type: 'microphone', on: false } });
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
