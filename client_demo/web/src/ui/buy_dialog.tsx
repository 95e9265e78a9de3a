import type { JSX } from 'preact';
import type { Pack, Topup } from '../sdk';
import type { Buying } from '../state/buying';
import { formatCoins, formatWhole } from '../state/format';
import { formatMoney } from '../state/money';
import { isGood, topupWords } from '../state/topup_words';
import { Dialog, Problem } from './dialog';
import { AlertIcon, CheckIcon, ClockIcon, CoinIcon } from './icons';
import './buy_dialog.css';

/** @param notice What the fan should know before buying, for example that gifts are locked. */
export function BuyDialog({ buying, notice }: { buying: Buying; notice: string | null }): JSX.Element | null {
  if (!buying.isShown.value) return null;
  const topup = buying.topup.value;
  return (
    <Dialog title="Buy coins" testId="buy-dialog" onClose={() => buying.hide()}>
      {topup ? <TopupStatus buying={buying} topup={topup} /> : <Choice buying={buying} notice={notice} />}
      <Problem words={buying.task.problem.value} />
      {buying.task.problem.value !== null && buying.packs.value.length === 0 && !topup && (
        <button type="button" class="button" onClick={() => void buying.loadPacks()}>
          Try again
        </button>
      )}
    </Dialog>
  );
}

function Choice({ buying, notice }: { buying: Buying; notice: string | null }): JSX.Element {
  if (buying.watched.value !== null) return <p class="empty">Asking what became of your purchase…</p>;
  const packs = buying.packs.value;
  return (
    <>
      {notice !== null && <p class="notice is-mild">{notice}</p>}
      <ul class="packs" aria-busy={buying.task.isBusy.value}>
        {packs.map((pack) => (
          <li key={pack.id}>
            <PackButton buying={buying} pack={pack} />
          </li>
        ))}
      </ul>
      {packs.length === 0 && buying.task.isBusy.value && <p class="empty">Loading the packs…</p>}
      <p class="dialog-text">You pay at the payment provider and come back here. The coins are yours as soon as it confirms the payment.</p>
    </>
  );
}

function PackButton({ buying, pack }: { buying: Buying; pack: Pack }): JSX.Element {
  const price = formatMoney(pack.price_minor, pack.currency);
  return (
    <button
      type="button"
      class="pack"
      data-testid={`pack-${pack.id}`}
      data-coins={pack.coins}
      aria-label={`Buy ${formatCoins(pack.coins)} for ${price}`}
      disabled={buying.task.isBusy.value}
      onClick={() => void buying.buy(pack)}
    >
      <CoinIcon />
      <span class="pack-coins number">{formatWhole(pack.coins)}</span>
      <span class="pack-price number">{price}</span>
    </button>
  );
}

/** A purchase from the way out to the coins. */
function TopupStatus({ buying, topup }: { buying: Buying; topup: Topup }): JSX.Element {
  const isUnheard = buying.isUnheard.value && topup.state === 'pending';
  return (
    <div class="topup">
      <div class="topup-state" role="status" data-testid="topup-state" data-state={topup.state} data-topup={topup.topup_id} data-unheard={isUnheard}>
        <StateMark topup={topup} isUnheard={isUnheard} />
        <p class="topup-coins number">
          <CoinIcon /> {formatWhole(topup.coins)}
        </p>
        <p>{isUnheard ? 'No payment has arrived. If you left the checkout without paying, nothing was charged.' : topupWords(topup)}</p>
      </div>
      <div class="dialog-actions">
        {topup.state === 'pending' && topup.checkout_url !== null && (
          <button type="button" class={isUnheard ? 'button button-primary' : 'button'} data-testid="topup-continue" onClick={() => void buying.goToCheckout()}>
            Back to the checkout
          </button>
        )}
        {isGood(topup) && (
          <button type="button" class="button button-primary" data-testid="topup-done" onClick={() => buying.hide()}>
            Done
          </button>
        )}
        <button type="button" class="button button-quiet" data-testid="topup-again" onClick={() => buying.startOver()}>
          {isGood(topup) ? 'Buy more' : 'Choose another pack'}
        </button>
      </div>
    </div>
  );
}

function StateMark({ topup, isUnheard }: { topup: Topup; isUnheard: boolean }): JSX.Element {
  const isWaiting = (topup.state === 'pending' && !isUnheard) || topup.state === 'processing';
  return (
    <span class="topup-mark" data-mood={isGood(topup) ? 'good' : isWaiting ? 'waiting' : 'bad'}>
      {isGood(topup) ? <CheckIcon /> : isWaiting ? <ClockIcon /> : <AlertIcon />}
    </span>
  );
}
