// How the 67 morphs are grouped on the page, and whole faces to try: [English, Chinese, what belongs].

export const GROUPS = [
  ['Brows', '眉', /^brow/], ['Eyes', '眼', /^eye/], ['Cheeks and nose', '颊与鼻', /^(cheek|nose)/], ['Jaw and tongue', '颌与舌', /^(jaw|tongue)/],
  ['Mouth', '口', /^mouth/], ['Visemes', '口型', /^viseme_/],
];

const pair = (name, weight) => ({ [`${name}Left`]: weight, [`${name}Right`]: weight });

export const MOODS = [
  ['Neutral', '平静', {}],
  ['Happy', '高兴', { ...pair('mouthSmile', 0.8), ...pair('cheekSquint', 0.6), ...pair('eyeSquint', 0.35) }],
  ['Surprised', '惊讶', { browInnerUp: 0.8, ...pair('browOuterUp', 0.7), ...pair('eyeWide', 0.8), jawOpen: 0.35 }],
  ['Sad', '悲伤', { browInnerUp: 0.8, ...pair('mouthFrown', 0.7), mouthShrugLower: 0.3 }],
  ['Angry', '生气', { ...pair('browDown', 0.9), ...pair('noseSneer', 0.5), ...pair('mouthPress', 0.5), ...pair('eyeSquint', 0.3) }],
  ['Asleep', '闭眼', pair('eyeBlink', 1)],
];
