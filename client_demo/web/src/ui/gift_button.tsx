import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { stillOf, type Gift } from '../state/catalogue';
import { formatCoins, formatWhole } from '../state/format';
import type { Sending } from '../state/sending';
import { showToast } from '../state/toasts';
import { CoinIcon } from './icons';

interface GiftButtonProps {
  gift: Gift;
  sending: Sending;
  /** What can still be spent. */
  coins: number;
  isEnded: boolean;
}

export function GiftButton({ gift, sending, coins, isEnded }: GiftButtonProps): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const missing = gift.price_coins - coins;
  const why = isEnded ? 'This stream has ended.' : missing > 0 ? `${gift.name} costs ${formatCoins(gift.price_coins)}; you have ${formatWhole(coins)}.` : null;
  const run = sending.runs.value[gift.id] ?? 0;
  const tap = (): void => (why === null ? sending.tap(gift) : showToast({ kind: 'error', text: why }));
  return (
    <div class="gift" data-tier={gift.tier}>
      <button
        ref={button}
        type="button"
        class="gift-button"
        data-testid={`gift-${gift.id}`}
        aria-label={`Send ${gift.name}, ${formatCoins(gift.price_coins)}${why === null ? '' : `. ${why}`}`}
        aria-disabled={why !== null || (gift.combo && sending.isFull.value)}
        onClick={tap}
      >
        {run > 1 && <span key={run} class="gift-ring" />}
        <img class="gift-still" src={stillOf(gift)} alt="" width="64" height="64" />
        <span class="gift-name">{gift.name}</span>
        <Price gift={gift} missing={isEnded ? 0 : missing} />
        {run > 1 && (
          <span key={`run-${run}`} class="gift-run number">
            ×{formatWhole(run)}
          </span>
        )}
      </button>
      {/* The focus goes back to the first tap's place, or the keyboard would start over at the top of the page. */}
      {sending.confirming.value === gift.id && <Confirm gift={gift} sending={sending} onLeave={() => button.current?.focus()} />}
    </div>
  );
}

function Price({ gift, missing }: { gift: Gift; missing: number }): JSX.Element {
  if (missing > 0) return <span class="gift-price is-missing number">{formatWhole(missing)} short</span>;
  return (
    <span class="gift-price number">
      <CoinIcon />
      {formatWhole(gift.price_coins)}
    </span>
  );
}

/** The second tap, where the first one was: a thumb that slipped must not cost a thousand coins. */
function Confirm({ gift, sending, onLeave }: { gift: Gift; sending: Sending; onLeave(): void }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  const leave = (): void => {
    sending.cancelConfirm();
    onLeave();
  };
  return (
    <button
      ref={button}
      type="button"
      class="gift-confirm"
      data-testid={`confirm-${gift.id}`}
      aria-label={`Confirm: send ${gift.name} for ${formatCoins(gift.price_coins)}`}
      onClick={() => {
        leave();
        sending.send(gift);
      }}
      onBlur={() => sending.cancelConfirm()}
      onKeyDown={(event) => event.key === 'Escape' && leave()}
    >
      <img class="gift-still" src={stillOf(gift)} alt="" width="64" height="64" />
      <span class="confirm-words">Tap again to send</span>
      <span class="gift-price number">
        <CoinIcon />
        {formatWhole(gift.price_coins)}
      </span>
      <span class="confirm-time" />
    </button>
  );
}
