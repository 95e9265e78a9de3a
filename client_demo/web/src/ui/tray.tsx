import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { CanvasPlayer, type Playback } from '../player/canvas_player';
import { loadEffects, loadStill } from '../player/registry';
import { seedOf } from '../player/seed';
import type { Show } from '../player/show';
import type { TrayRow } from '../player/tray';
import { giftOf, stillOf } from '../state/catalogue';
import { formatWhole } from '../state/format';
import { effectsOn, isCalm } from '../state/settings';
import { Avatar, Name } from './parts';
import './tray.css';

export function Tray({ show }: { show: Show }): JSX.Element {
  return (
    <ol class="tray" aria-hidden="true">
      {show.rows.value.map((row, index) => (
        <li key={row?.key ?? `empty-${index}`} class="tray-slot">
          {row && <Row row={row} />}
        </li>
      ))}
    </ol>
  );
}

function Row({ row }: { row: TrayRow }): JSX.Element {
  const gift = giftOf(row.gift);
  return (
    <div
      class={row.is_own ? 'tray-row is-own' : 'tray-row'}
      data-testid="tray-row"
      data-tier={gift.tier}
      data-combo={row.key}
      data-total={row.total}
      data-gift={row.gift}
      data-sender={row.sender.name}
    >
      <Avatar person={row.sender} size={2.25} />
      <div class="tray-words">
        <p class="tray-name">
          <Name sender={row.sender} />
        </p>
        <p class="tray-gift">{row.message ?? `sent ${gift.name}`}</p>
      </div>
      <Art row={row} />
      {/* A new key for each total restarts the bump. */}
      <span key={row.total} class="tray-total number">
        ×{formatWhole(row.total)}
      </span>
    </div>
  );
}

/** The gift and the small effect around it; a combo that grows while it plays does not start it over. */
function Art({ row }: { row: TrayRow }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = useRef<CanvasPlayer | null>(null);
  const isPlaying = useSignal(false);

  useEffect(() => {
    if (isCalm.peek() || !effectsOn.peek() || isPlaying.peek()) return;
    void effectOf(row).then((playback) => {
      if (!playback || !canvas.current || isPlaying.peek()) return;
      player.current ??= new CanvasPlayer(canvas.current);
      isPlaying.value = true;
      player.current.play(playback, () => (isPlaying.value = false));
    });
  }, [row.key, row.total]);
  useEffect(() => () => player.current?.stop(), []);

  return (
    <div class="tray-art" data-playing={isPlaying.value}>
      <canvas ref={canvas} class="tray-burst" />
      <img class="tray-still" src={stillOf(giftOf(row.gift))} alt="" width="56" height="56" />
    </div>
  );
}

async function effectOf(row: TrayRow): Promise<Playback | null> {
  const gift = giftOf(row.gift);
  const [effects, still] = await Promise.all([loadEffects(), loadStill(stillOf(gift))]);
  const effect = effects.get(gift.effect);
  // A big gift that found the stage busy is shown here, but its effect was drawn for a stage.
  return effect?.lane === 'tray' ? { effect, seed: seedOf(row.event_id), still } : null;
}
