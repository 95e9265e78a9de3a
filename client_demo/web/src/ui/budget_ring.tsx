import type { JSX } from 'preact';
import { PERIOD_WORDS } from '../state/budget';
import { formatStamp, formatTiny, formatWhole } from '../state/format';
import type { Limits } from '../state/limits';
import { LockIcon } from './icons';
import './budget_ring.css';

const LOW_SHARE = 0.25;

/** What the tightest limit leaves, seen before the tap. It opens the limits. */
export function BudgetRing({ limits }: { limits: Limits }): JSX.Element {
  const { words, hint, left, share } = sightOf(limits);
  const level = share === null ? 'none' : share === 0 ? 'empty' : share < LOW_SHARE ? 'low' : 'good';
  return (
    <button type="button" class="budget" data-testid="limits-open" aria-label={`${words} ${hint}. Change your limits.`} onClick={() => (limits.isOpen.value = true)}>
      <span class="budget-ring" data-testid="budget-ring" data-level={level} data-left={left ?? undefined} data-period={limits.tightest.value?.period} data-locked={limits.isLocked.value}>
        {/* A radius of 100 / 2π makes the circumference 100, so dashes are per cent. */}
        <svg viewBox="0 0 40 40" aria-hidden="true">
          <circle class="budget-track" cx="20" cy="20" r="15.915" />
          {share !== null && share > 0 && <circle class="budget-left" cx="20" cy="20" r="15.915" stroke-dasharray={`${share * 100} 100`} transform="rotate(-90 20 20)" />}
        </svg>
        <span class="budget-number number">{limits.isLocked.value ? <LockIcon /> : left === null ? '∞' : formatTiny(left)}</span>
      </span>
      <span class="budget-words">
        <span class="budget-main">{words}</span>
        <span class="budget-hint">{hint}</span>
      </span>
    </button>
  );
}

interface Sight {
  words: string;
  hint: string;
  left: number | null;
  share: number | null;
}

function sightOf(limits: Limits): Sight {
  const view = limits.view.value;
  const budget = limits.tightest.value;
  if (view && limits.isLocked.value) return { words: 'Gifts locked', hint: `until ${formatStamp(view.locked_until_ms ?? 0)}`, left: 0, share: 0 };
  if (budget) {
    return { words: `${formatWhole(budget.left)} left`, hint: `of ${formatWhole(budget.limit)} ${PERIOD_WORDS[budget.period]}`, left: budget.left, share: budget.left / budget.limit };
  }
  if (view && view.limits.gift !== null) return { words: `${formatWhole(view.limits.gift)} a gift`, hint: 'at most', left: null, share: null };
  return { words: 'Limits', hint: view ? 'none set' : '…', left: null, share: null };
}
