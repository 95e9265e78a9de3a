import { computed, effect, signal } from '@preact/signals';

export type Motion = 'full' | 'calm';

interface Settings {
  effects: boolean;
  motion: Motion;
}

const KEY = 'giftwave.settings';
const stored = read();
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

export const effectsOn = signal(stored.effects);
export const motion = signal<Motion>(stored.motion);
const systemCalm = signal(reducedMotion.matches);

/** Stills that fade instead of effects: chosen here, or once for all in the system. */
export const isCalm = computed(() => motion.value === 'calm' || systemCalm.value);
export const isSystemCalm = computed(() => systemCalm.value);

reducedMotion.addEventListener('change', ({ matches }) => (systemCalm.value = matches));

effect(() => {
  localStorage.setItem(KEY, JSON.stringify({ effects: effectsOn.value, motion: motion.value }));
});
effect(() => {
  document.documentElement.dataset['motion'] = isCalm.value ? 'calm' : 'full';
});

function read(): Settings {
  const defaults: Settings = { effects: true, motion: 'full' };
  try {
    const fields = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Settings>;
    return { effects: fields.effects !== false, motion: fields.motion === 'calm' ? 'calm' : 'full' };
  } catch {
    return defaults;
  }
}
