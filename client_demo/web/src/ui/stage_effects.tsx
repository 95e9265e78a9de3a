import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { CanvasPlayer } from '../player/canvas_player';
import { loadEffects, loadStill } from '../player/registry';
import { seedOf } from '../player/seed';
import type { Show } from '../player/show';
import type { StageItem } from '../player/stage_queue';
import { giftOf, stillOf } from '../state/catalogue';
import { isCalm } from '../state/settings';
import { Avatar, Coins, Name } from './parts';
import './stage_effects.css';

const STILL_SHOWN_MS = 2_800;
// A page that is not painted gets no frames, and then no effect would ever end.
const OVERDUE_MS = 2_000;

/** The full-screen lane: one gift's effect, and who sent it. */
export function StageEffects({ show }: { show: Show }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isStill, setStill] = useState(false);
  const item = show.playing.value;

  useEffect(() => {
    if (!item || !canvas.current) return undefined;
    return perform(item, { canvas: canvas.current, showStill: setStill, onDone: () => show.finished() });
  }, [item]);

  return (
    <div class="effect-stage" data-testid="effect-stage" data-effect={item ? giftOf(item.event.gift).effect : ''} aria-hidden="true">
      <canvas ref={canvas} class="effect-canvas" />
      {item && isStill && <img key={item.event.id} class="effect-still" src={stillOf(giftOf(item.event.gift))} alt="" />}
      {item && <Banner key={item.event.id} item={item} />}
    </div>
  );
}

interface Place {
  canvas: HTMLCanvasElement;
  showStill(isStill: boolean): void;
  onDone(): void;
}

/** Plays an item to its end, or until the returned function stops it. */
function perform({ event }: StageItem, { canvas, showStill, onDone }: Place): () => void {
  const gift = giftOf(event.gift);
  const player = new CanvasPlayer(canvas);
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => {
    isOver = true;
    clearTimeout(timer);
    player.stop();
    showStill(false);
  };
  const finish = (): void => {
    if (isOver) return;
    stop();
    onDone();
  };
  void Promise.all([loadEffects(), loadStill(stillOf(gift))]).then(([effects, still]) => {
    if (isOver) return;
    const effect = isCalm.peek() ? undefined : effects.get(gift.effect);
    timer = setTimeout(finish, effect ? effect.duration_ms + OVERDUE_MS : STILL_SHOWN_MS);
    if (effect) player.play({ effect, seed: seedOf(event.id), still }, finish);
    else showStill(true);
  }, finish);
  return stop;
}

function Banner({ item: { event } }: { item: StageItem }): JSX.Element {
  const gift = giftOf(event.gift);
  return (
    <div class="banner" data-tier={gift.tier}>
      <Avatar person={event.sender} size={2.5} />
      <div class="banner-words">
        <p class="banner-name">
          <Name sender={event.sender} /> <span class="banner-verb">sent</span> {gift.name}
        </p>
        <p class="banner-detail">{event.message ?? <Coins value={event.coins} />}</p>
      </div>
      <img class="banner-still" src={stillOf(gift)} alt="" width="56" height="56" />
    </div>
  );
}
