import type { JSX } from 'preact';
import type { FanStatement } from '../sdk';
import type { Buying } from '../state/buying';
import { formatCoins, formatWhole } from '../state/format';
import type { Limits } from '../state/limits';
import type { LiveRoom } from '../state/live';
import type { Statements } from '../state/statements';
import { BudgetRing } from './budget_ring';
import { CoinIcon, HistoryIcon } from './icons';
import './purse.css';

export interface Books {
  buying: Buying;
  limits: Limits;
  history: Statements<FanStatement>;
}

/** What can be spent, seen before the tap: the balance, what the limits leave, and the ways to more. */
export function Purse({ live, books }: { live: LiveRoom; books: Books }): JSX.Element {
  const coins = live.wallet.value?.coins;
  return (
    <div class="purse">
      <BudgetRing limits={books.limits} />
      <button
        type="button"
        class="purse-coins"
        data-testid="buy-open"
        aria-label={coins === undefined ? 'Buy coins' : `Balance: ${formatCoins(coins)}. Buy coins.`}
        onClick={() => books.buying.show()}
      >
        <CoinIcon />
        <span class="number">{coins === undefined ? '–' : formatWhole(coins)}</span>
        <span class="purse-buy">Buy</span>
      </button>
      <button type="button" class="icon-button" aria-label="Your history" title="Your history" data-testid="history-open" onClick={() => books.history.show()}>
        <HistoryIcon />
      </button>
    </div>
  );
}
