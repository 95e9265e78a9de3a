import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { GiftEvent } from '../sdk';
import { giftOf } from '../state/catalogue';
import { formatCoins } from '../state/format';
import type { LiveRoom } from '../state/live';

const EVERY_MS = 5_000;

/** Tells a screen reader what happened every 5 s: each gift on its own would never let it finish a sentence. */
export function Announcer({ live }: { live: LiveRoom }): JSX.Element {
  const words = useSignal('');
  useEffect(() => {
    let heard: GiftEvent[] = [];
    const stop = live.client.on('event', ({ event, resumed }) => {
      if (event.type === 'gift' && !resumed) heard.push(event);
    });
    const timer = setInterval(() => {
      if (heard.length > 0) words.value = summaryOf(heard);
      heard = [];
    }, EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [live]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {words.value}
    </p>
  );
}

function summaryOf(events: readonly GiftEvent[]): string {
  const gifts = events.reduce((sum, { count }) => sum + count, 0);
  const coins = events.reduce((sum, event) => sum + event.coins, 0);
  const biggest = events.reduce((most, event) => (event.coins > most.coins ? event : most));
  const what = `${biggest.sender.name} sent ${giftOf(biggest.gift).name}`;
  return gifts === 1 ? `${what}.` : `${gifts} gifts, ${formatCoins(coins)}. The biggest: ${what}.`;
}
