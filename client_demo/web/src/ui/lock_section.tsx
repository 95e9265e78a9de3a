import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { LimitsView, LockHours } from '../sdk';
import { formatMoment } from '../state/format';
import type { Limits } from '../state/limits';
import { LockIcon } from './icons';

const CHOICES: readonly { hours: LockHours; label: string }[] = [
  { hours: 24, label: '24 hours' },
  { hours: 168, label: '7 days' },
];

/** The panic lock: one's own gifts refused for a while, with one question before, because nobody can take it back. */
export function LockSection({ view, limits }: { view: LimitsView; limits: Limits }): JSX.Element {
  const asked = useSignal<LockHours | null>(null);
  const lock = (hours: LockHours): void => {
    asked.value = null;
    void limits.lock(hours);
  };
  return (
    <section class="lock" aria-label="Panic lock">
      <h3>
        <LockIcon /> Panic lock
      </h3>
      {limits.isLocked.value && (
        <p class="notice is-mild" role="status" data-testid="lock-state" data-until={view.locked_until_ms}>
          Your gifts are locked until <strong>{formatMoment(view.locked_until_ms ?? 0)}</strong>.
        </p>
      )}
      <p class="dialog-text">{limits.isLocked.value ? 'It opens by itself. You can make it longer, not shorter.' : 'Stop yourself from sending gifts for a while. It starts at once, and nobody can shorten it.'}</p>
      {asked.value === null ? (
        <div class="dialog-actions">
          {CHOICES.map(({ hours, label }) => (
            <button key={hours} type="button" class="button button-danger" data-testid={`lock-${hours}`} disabled={limits.change.isBusy.value} onClick={() => (asked.value = hours)}>
              Lock for {label}
            </button>
          ))}
        </div>
      ) : (
        <Confirm hours={asked.value} onConfirm={lock} onCancel={() => (asked.value = null)} />
      )}
    </section>
  );
}

function Confirm({ hours, onConfirm, onCancel }: { hours: LockHours; onConfirm(hours: LockHours): void; onCancel(): void }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const span = CHOICES.find((choice) => choice.hours === hours)?.label;
  return (
    <div class="lock-confirm" role="group" aria-label={`Lock your gifts for ${span}?`}>
      <p>Lock your gifts for {span}? This cannot be undone.</p>
      <div class="dialog-actions">
        <button ref={button} type="button" class="button button-danger" data-testid="lock-confirm" onClick={() => onConfirm(hours)}>
          Yes, lock for {span}
        </button>
        <button type="button" class="button button-quiet" data-testid="lock-cancel" onClick={onCancel}>
          Not now
        </button>
      </div>
    </div>
  );
}
