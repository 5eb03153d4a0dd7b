// What a guard hears and feels without looking at the screen: one high tone and a short buzz, or two low ones and a long buzz.

let audio: AudioContext | null = null; // made at a touch: a browser lets no page sound before one

const TONES = { good: { hz: 880, starts: [0], buzz: [60] }, bad: { hz: 220, starts: [0, 0.25], buzz: [250, 120, 250] } } as const;
const TONE_S = 0.15;

/** Never throws: a tablet without loudspeaker or motor still shows everything. */
export function alarm(tone: keyof typeof TONES): void {
  if (navigator.userActivation?.hasBeenActive === false) return; // it would only be complained of
  const { hz, starts, buzz } = TONES[tone];
  try {
    navigator.vibrate?.([...buzz]);
    audio ??= new AudioContext();
    void audio.resume();
    for (const start of starts) play(audio, hz, audio.currentTime + start);
  } catch (error) {
    console.warn("no sound", error);
  }
}

function play(context: AudioContext, hz: number, at: number): void {
  const source = context.createOscillator();
  source.frequency.value = hz;
  source.connect(context.destination);
  source.start(at);
  source.stop(at + TONE_S);
}
