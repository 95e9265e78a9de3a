import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { effectsOn, isSystemCalm, motion } from '../state/settings';
import { GearIcon } from './icons';
import { Segmented, Switch } from './parts';
import './settings_menu.css';

const MOTIONS = [
  { value: 'full', label: 'Full' },
  { value: 'calm', label: 'Calm' },
] as const;

export function SettingsMenu(): JSX.Element {
  const isOpen = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: PointerEvent): void => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) isOpen.value = false;
    };
    document.addEventListener('pointerdown', close);
    return () => document.removeEventListener('pointerdown', close);
  }, []);
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    isOpen.value = false;
    root.current?.querySelector('button')?.focus();
  };
  return (
    <div ref={root} class="settings" onKeyDown={closeOnEscape}>
      <button type="button" class="icon-button" aria-label="Settings" aria-expanded={isOpen.value} data-testid="settings" onClick={() => (isOpen.value = !isOpen.value)}>
        <GearIcon />
      </button>
      {isOpen.value && <Menu />}
    </div>
  );
}

function Menu(): JSX.Element {
  return (
    <div class="card settings-menu" role="group" aria-label="Settings">
      <Switch label="Full-screen effects" isOn={effectsOn.value} onChange={(isOn) => (effectsOn.value = isOn)} testId="effects-on" />
      <div class="settings-line">
        <span>Motion</span>
        <Segmented label="Motion" choices={MOTIONS} value={isSystemCalm.value ? 'calm' : motion.value} isDisabled={isSystemCalm.value} onChange={(value) => (motion.value = value)} />
      </div>
      <p class="settings-hint">
        {isSystemCalm.value ? 'Your system asks for less motion, so gifts appear as still pictures.' : 'Calm shows big gifts as still pictures that fade.'}
      </p>
    </div>
  );
}
