import type { ComponentChildren, JSX } from 'preact';
import type { Sender, StateChange } from '../sdk';
import { formatCoins, formatWhole } from '../state/format';
import { CoinIcon } from './icons';

/** A person's first letter on a colour of their own. */
export function Avatar({ person, size = 2 }: { person: { id?: string; name: string }; size?: number }): JSX.Element {
  const isAnonymous = person.id === undefined;
  const style = { '--hue': hueOf(person.id ?? ''), '--avatar': `${size}rem` };
  return (
    <span class={isAnonymous ? 'avatar avatar-anonymous' : 'avatar'} style={style} aria-hidden="true">
      {isAnonymous ? '?' : [...person.name][0]?.toUpperCase()}
    </span>
  );
}

export function SimChip(): JSX.Element {
  return (
    <span class="sim-chip" title="Simulated: part of the demo's crowd, not a person">
      sim
    </span>
  );
}

export function Name({ sender }: { sender: Sender }): JSX.Element {
  return (
    <>
      <span class="name">{sender.name}</span>
      {sender.simulated && <SimChip />}
    </>
  );
}

export function Coins({ value }: { value: number }): JSX.Element {
  return (
    <span class="coins number" title={formatCoins(value)}>
      <CoinIcon />
      {formatWhole(value)}
    </span>
  );
}

const STATE_WORDS: Record<StateChange['state'], string> = {
  connecting: 'Connecting',
  live: 'Connected',
  reconnecting: 'Reconnecting',
  closed: 'Disconnected',
};

export function ConnectionPill({ change }: { change: StateChange }): JSX.Element {
  return (
    <span class="pill connection" role="status" data-testid="connection" data-state={change.state} title={change.reason}>
      {STATE_WORDS[change.state]}
    </span>
  );
}

/** Why a page stands still, in the words of whoever stopped it. */
export function Notice({ change, problem }: { change: StateChange; problem: string | null }): JSX.Element | null {
  const words = change.state === 'closed' ? change.reason : problem;
  if (words === undefined || words === null) return null;
  return (
    <p class="notice" role="alert">
      {words}
    </p>
  );
}

export function SimNote({ isShown }: { isShown: boolean }): JSX.Element | null {
  if (!isShown) return null;
  return (
    <p class="sim-note" data-testid="sim-note">
      <SimChip /> Part of this audience is simulated.
    </p>
  );
}

export function Card({ title, aside, children, kind }: { title: string; aside?: ComponentChildren; children: ComponentChildren; kind?: string }): JSX.Element {
  return (
    <section class={kind === undefined ? 'card' : `card ${kind}`} aria-label={title}>
      <header class="card-head">
        <h2 class="card-title">{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Switch({ label, isOn, onChange, testId }: { label: string; isOn: boolean; onChange(isOn: boolean): void; testId?: string }): JSX.Element {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={isOn} data-testid={testId} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span class="switch-track" aria-hidden="true" />
      {label}
    </label>
  );
}

export interface Choice<Value extends string> {
  value: Value;
  label: string;
}

interface SegmentedProps<Value extends string> {
  label: string;
  choices: readonly Choice<Value>[];
  value: Value;
  isDisabled?: boolean;
  onChange(value: Value): void;
}

export function Segmented<Value extends string>({ label, choices, value, isDisabled, onChange }: SegmentedProps<Value>): JSX.Element {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.value} type="button" aria-pressed={choice.value === value} disabled={isDisabled} onClick={() => onChange(choice.value)}>
          {choice.label}
        </button>
      ))}
    </div>
  );
}

function hueOf(id: string): number {
  let hash = 7;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) % 360;
  return hash;
}
