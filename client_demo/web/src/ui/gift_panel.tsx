import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { lockWords } from '../state/budget';
import { catalogue } from '../state/catalogue';
import { oweWords } from '../state/refusals';
import type { LiveRoom } from '../state/live';
import type { Sending } from '../state/sending';
import { GiftButton } from './gift_button';
import { Switch } from './parts';
import { Purse, type Books } from './purse';
import './gift_panel.css';

export function GiftPanel({ live, sending, books }: { live: LiveRoom; sending: Sending; books: Books }): JSX.Element {
  const tier = useSignal(1);
  const gifts = catalogue.value.gifts.filter((gift) => gift.tier === tier.value);
  const coins = (live.wallet.value?.coins ?? 0) - sending.reserved.value;
  const isEnded = live.state.value === 'closed';
  return (
    <section class="card gift-panel" aria-label="Send a gift">
      <Purse live={live} books={books} />
      <Standstill coins={coins} books={books} />
      <TierTabs tier={tier.value} onChange={(chosen) => (tier.value = chosen)} />
      <div id="gift-grid" class="gift-grid" role="tabpanel" aria-label="Gifts" data-tier={tier.value}>
        {gifts.map((gift) => (
          <GiftButton key={gift.id} gift={gift} sending={sending} books={books} coins={coins} isEnded={isEnded} />
        ))}
      </div>
      {gifts.length === 0 && <p class="empty">The gifts appear here once the server answers.</p>}
      {isEnded && <p class="gift-ended">This stream has ended. Your coins stay yours for the next one.</p>}
      {!isEnded && gifts.length > 0 && <Extras sending={sending} messageMax={live.client.limits?.message_chars_max ?? 120} />}
    </section>
  );
}

/** Why no gift at all is to be had, where that is so. */
function Standstill({ coins, books }: { coins: number; books: Books }): JSX.Element | null {
  const view = books.limits.view.value;
  const words = view && books.limits.isLocked.value ? lockWords(view) : coins < 0 ? oweWords(coins) : null;
  if (words === null) return null;
  return (
    <p class="notice is-mild" role="status" data-testid="standstill">
      {words}
    </p>
  );
}

/** One stop for the Tab key; the arrows move between the tiers. */
function TierTabs({ tier, onChange }: { tier: number; onChange(tier: number): void }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const { tiers } = catalogue.value;
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const index = tiers.findIndex((one) => one.tier === tier);
    const next = tiers[(index + step + tiers.length) % tiers.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.tier);
    list.current?.querySelector<HTMLElement>(`[data-tier="${next.tier}"]`)?.focus();
  };
  return (
    <div ref={list} class="tier-tabs" role="tablist" aria-label="Gift tiers" onKeyDown={move}>
      {tiers.map((one) => (
        <button
          key={one.tier}
          type="button"
          role="tab"
          class="tier-tab"
          aria-selected={one.tier === tier}
          aria-controls="gift-grid"
          tabIndex={one.tier === tier ? 0 : -1}
          data-tier={one.tier}
          data-testid={`tier-${one.tier}`}
          onClick={() => onChange(one.tier)}
        >
          {one.name}
        </button>
      ))}
    </div>
  );
}

function Extras({ sending, messageMax }: { sending: Sending; messageMax: number }): JSX.Element {
  return (
    <div class="gift-extras">
      <input
        class="field"
        type="text"
        maxLength={messageMax}
        autocomplete="off"
        enterkeyhint="done"
        placeholder="Add a message"
        aria-label="Message for your next gift, optional"
        data-testid="message"
        value={sending.message.value}
        onInput={(event) => (sending.message.value = event.currentTarget.value)}
      />
      <Switch label="Anonymous" isOn={sending.anonymous.value} onChange={(isOn) => (sending.anonymous.value = isOn)} testId="anonymous" />
    </div>
  );
}
