// Animated previews: a button stops them, and they are still from the start where the user prefers less motion.
import { byId, create, createButton, label, prefersStill } from './dom.js';

const ANIMATED = /^data:image\/(webp|gif)/;

export async function connectPictures() {
  for (const image of document.querySelectorAll('.pictures img')) {
    if (ANIMATED.test(image.src)) await addPause(image);
  }
}

async function addPause(image) {
  await image.decode();
  const [moving, still] = [image.src, captureFrame(image)];
  const name = create('span', { className: 'visually-hidden' });
  name.append(label('pause_picture'));
  const button = createButton(byId('pause').querySelector('.icon').cloneNode(true), () => setPaused(button.getAttribute('aria-pressed') === 'false'));
  button.append(name);
  const setPaused = (paused) => {
    image.src = paused ? still : moving;
    button.setAttribute('aria-pressed', String(paused));
  };
  setPaused(prefersStill.matches);
  image.closest('figure').append(button);
}

/** The first frame, which is what a canvas draws of an animated image. */
function captureFrame(image) {
  const canvas = create('canvas', { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/png');
}
