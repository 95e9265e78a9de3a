import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { GiftEvent } from '../sdk';
import { giftOf, stillOf } from '../state/catalogue';
import type { FeedItem } from '../state/feed';
import { formatClock, formatWhole } from '../state/format';
import type { OwnGifts } from '../state/own_gifts';
import { Avatar, Coins, Name } from './parts';
import { RecordedTick } from './recorded_tick';
import './feed.css';

const PAGE_ROWS = 120;

/** Every gift in words, newest first. Rows further down are drawn when asked for; none is dropped. */
export function Feed({ items, withTime = false, own }: { items: readonly FeedItem[]; withTime?: boolean; own?: OwnGifts }): JSX.Element {
  const [rowsMax, setRowsMax] = useState(PAGE_ROWS);
  if (items.length === 0) return <p class="empty">No gifts yet. The first one shows up here.</p>;
  return (
    <ol class={withTime ? 'feed has-time' : 'feed'} aria-label="Gifts, newest first">
      {items.slice(0, rowsMax).map((item) => (
        <Row key={item.key} item={item} withTime={withTime} own={own} />
      ))}
      {items.length > rowsMax && (
        <li class="feed-more">
          <button type="button" class="button button-quiet" onClick={() => setRowsMax(rowsMax + PAGE_ROWS)}>
            Show {formatWhole(Math.min(PAGE_ROWS, items.length - rowsMax))} earlier
          </button>
        </li>
      )}
    </ol>
  );
}

const Row = memo(({ item, withTime, own }: { item: FeedItem; withTime: boolean; own: OwnGifts | undefined }): JSX.Element => {
  if (item.kind === 'gift') return <GiftRow event={item.event} withTime={withTime} own={own} />;
  if (item.kind === 'closed') return <li class="feed-note">The stream has ended.</li>;
  return <li class="feed-note">{formatWhole(item.missed)} earlier events were missed while away; the totals include them.</li>;
});

function GiftRow({ event, withTime, own }: { event: GiftEvent; withTime: boolean; own: OwnGifts | undefined }): JSX.Element {
  const gift = giftOf(event.gift);
  return (
    <li class="feed-row" data-testid="feed-row" data-tier={gift.tier} data-offset={event.offset} data-gift={event.gift} data-count={event.count}>
      {withTime && <time class="feed-time number">{formatClock(event.ts_ms)}</time>}
      <Avatar person={event.sender} size={1.75} />
      <div class="feed-words">
        <p class="feed-line">
          <Name sender={event.sender} /> <span class="feed-gift">{gift.name}</span>
          {event.count > 1 && <span class="feed-count number">×{formatWhole(event.count)}</span>}
          {own?.isRecorded(event) && <RecordedTick testId="recorded" />}
        </p>
        {event.message !== undefined && <p class="feed-message">{event.message}</p>}
      </div>
      <Coins value={event.coins} />
      <img class="feed-still" src={stillOf(gift)} alt="" width="32" height="32" loading="lazy" />
    </li>
  );
}
