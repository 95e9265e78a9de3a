import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { LimitsView } from '../sdk';
import { PERIODS, PERIOD_WORDS, type Effect } from '../state/budget';
import { formatCoins, formatMoment, formatWhole } from '../state/format';
import type { Limits } from '../state/limits';
import { FIELDS, LimitsDraft, type Field } from '../state/limits_draft';
import { Dialog, Problem } from './dialog';
import { LockSection } from './lock_section';
import { StackedBar } from './stacked_bar';
import './limits_dialog.css';

const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const LABELS: Record<Field, string> = { gift: 'A gift', day: 'A day', week: 'A week', month: 'A month' };
const EFFECT_WORDS: Record<Effect, string> = { same: '', now: 'Applies at once', later: 'Waits 24 hours' };

export function LimitsDialog({ limits }: { limits: Limits }): JSX.Element | null {
  if (!limits.isOpen.value) return null;
  const view = limits.view.value;
  return (
    <Dialog title="Your limits" testId="limits-dialog" onClose={() => (limits.isOpen.value = false)}>
      {view ? (
        <>
          <Spent view={view} limits={limits} />
          <Form view={view} limits={limits} />
          <LockSection view={view} limits={limits} />
        </>
      ) : (
        <p class="empty">Asking the server for your limits…</p>
      )}
    </Dialog>
  );
}

function Spent({ view, limits }: { view: LimitsView; limits: Limits }): JSX.Element {
  const spent = limits.spent.value ?? view.spent;
  return (
    <ul class="spent" aria-label="Spent so far">
      {PERIODS.map((period) => {
        const limit = view.limits[period];
        const words = limit === null ? 'no limit' : `of ${formatWhole(limit)}`;
        return (
          <li key={period} data-testid={`spent-${period}`} data-value={spent[period]}>
            <p class="spent-line">
              <span>Spent {PERIOD_WORDS[period]}</span>
              <span class="number">
                <strong>{formatWhole(spent[period])}</strong> {words}
              </span>
            </p>
            <StackedBar isSmall parts={[{ id: 'spent', share: limit === null ? 0 : Math.min(1, spent[period] / limit) }]} label={`${formatCoins(spent[period])} spent ${PERIOD_WORDS[period]}, ${words}`} />
            <p class="spent-end">starts over {formatMoment(view.ends_at_ms[period])}</p>
          </li>
        );
      })}
    </ul>
  );
}

function Form({ view, limits }: { view: LimitsView; limits: Limits }): JSX.Element {
  // Rebuilt when the limits change, not when something was spent: that must not erase what is being typed.
  const draft = useMemo(() => new LimitsDraft(view, BROWSER_ZONE), [JSON.stringify([view.limits, view.next, view.zone])]);
  const wanted = draft.limits.value;
  const save = (event: Event): void => {
    event.preventDefault();
    if (wanted) void limits.save(wanted, draft.zone.value);
  };
  return (
    <form class="limits-form" onSubmit={save} noValidate>
      <h3>At most, in coins</h3>
      <div class="limit-fields">
        {FIELDS.map((field) => (
          <LimitField key={field} field={field} draft={draft} />
        ))}
      </div>
      <ZoneField draft={draft} />
      <p class="dialog-text">A lower limit, or a first one, applies at once. A higher one, no limit, or another time zone waits 24 hours. Leave a field empty for no limit.</p>
      {view.next && <Next next={view.next} zone={view.zone} />}
      <Problem words={limits.change.problem.value} />
      <button type="submit" class="button button-primary" data-testid="limits-save" disabled={wanted === null || !draft.isChanged.value || limits.change.isBusy.value}>
        Save limits
      </button>
    </form>
  );
}

function LimitField({ field, draft }: { field: Field; draft: LimitsDraft }): JSX.Element {
  const text = draft.texts[field];
  const isWrong = draft.isWrong(field);
  const effect = draft.effect(field);
  const hintId = `limit-${field}-hint`;
  return (
    <label class="field-label">
      <span>{LABELS[field]}</span>
      <input
        class="field number"
        type="text"
        inputMode="numeric"
        autocomplete="off"
        placeholder="No limit"
        maxLength={16}
        data-testid={`limit-${field}`}
        aria-invalid={isWrong}
        aria-describedby={hintId}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <span id={hintId} class="limit-hint" data-effect={isWrong ? 'wrong' : effect} data-testid={`limit-${field}-hint`}>
        {isWrong ? 'Whole coins, or empty' : EFFECT_WORDS[effect]}
      </span>
    </label>
  );
}

function ZoneField({ draft }: { draft: LimitsDraft }): JSX.Element {
  const zones = useMemo(() => [...new Set([draft.zone.peek(), BROWSER_ZONE, draft.before.zone, ...Intl.supportedValuesOf('timeZone')])].sort(), [draft]);
  return (
    <label class="field-label">
      <span>Days begin at midnight in</span>
      <select class="field" data-testid="limit-zone" value={draft.zone.value} onChange={(event) => (draft.zone.value = event.currentTarget.value)}>
        {zones.map((zone) => (
          <option key={zone} value={zone}>
            {zone.replaceAll('_', ' ')}
          </option>
        ))}
      </select>
      {draft.isZoneLater.value && (
        <span class="limit-hint" data-effect="later">
          {EFFECT_WORDS.later}
        </span>
      )}
    </label>
  );
}

/** What was asked for and is not in force yet. */
function Next({ next, zone }: { next: NonNullable<LimitsView['next']>; zone: string }): JSX.Element {
  const words = FIELDS.map((field) => {
    const limit = next.limits[field];
    return `${LABELS[field].toLowerCase()} ${limit === null ? 'no limit' : formatWhole(limit)}`;
  }).join(', ');
  return (
    <p class="notice is-mild" data-testid="limits-next" data-at={next.at_ms}>
      From <strong>{formatMoment(next.at_ms)}</strong>: {words}
      {next.zone === zone ? '' : `, in ${next.zone.replaceAll('_', ' ')}`}.
    </p>
  );
}
