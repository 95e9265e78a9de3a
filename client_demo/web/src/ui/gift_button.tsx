import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { stillOf, type Gift } from '../state/catalogue';
import { formatCoins, formatWhole } from '../state/format';
import { refusalBefore, type Refusal } from '../state/refusals';
import type { Sending } from '../state/sending';
import { showToast } from '../state/toasts';
import { CoinIcon } from './icons';
import type { Books } from './purse';

interface GiftButtonProps {
  gift: Gift;
  sending: Sending;
  books: Books;
  /** What can still be spent. */
  coins: number;
  isEnded: boolean;
}

export function GiftButton({ gift, sending, books, coins, isEnded }: GiftButtonProps): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const refusal = refusalBefore(gift, { coins, isEnded, limit: books.limits.refusal(gift.price_coins) });
  const why = refusal?.words ?? null;
  const run = sending.runs.value[gift.id] ?? 0;
  const tap = (): void => (refusal ? tell(refusal, books) : sending.tap(gift));
  return (
    <div class="gift" data-tier={gift.tier}>
      <button
        ref={button}
        type="button"
        class="gift-button"
        data-testid={`gift-${gift.id}`}
        aria-label={`Send ${gift.name}, ${formatCoins(gift.price_coins)}${why === null ? '' : `. ${why}`}`}
        data-refusal={refusal?.kind}
        aria-disabled={why !== null || (gift.combo && sending.isFull.value)}
        onClick={tap}
      >
        {run > 1 && <span key={run} class="gift-ring" />}
        <img class="gift-still" src={stillOf(gift)} alt="" width="64" height="64" />
        <span class="gift-name">{gift.name}</span>
        <Price gift={gift} refusal={refusal} />
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

function tell(refusal: Refusal, { buying, limits }: Books): void {
  const actions = {
    ended: undefined,
    limit: { label: 'Your limits', run: () => void (limits.isOpen.value = true) },
    coins: { label: 'Buy coins', run: () => buying.show() },
  };
  const action = actions[refusal.kind];
  showToast({ kind: 'error', text: refusal.words, ...(action ? { action } : {}) });
}

function Price({ gift, refusal }: { gift: Gift; refusal: Refusal | null }): JSX.Element {
  if (refusal && refusal.kind !== 'ended') return <span class="gift-price is-missing number">{refusal.short}</span>;
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
