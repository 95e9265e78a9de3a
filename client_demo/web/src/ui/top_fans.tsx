import type { JSX } from 'preact';
import type { Fan } from '../sdk';
import { Avatar, Coins, Name } from './parts';
import './top_fans.css';

/** Who gave most in this stream; the bar compares with the first. */
export function TopFans({ fans, fansMax, me }: { fans: readonly Fan[]; fansMax: number; me?: string | undefined }): JSX.Element {
  const most = fans[0]?.coins ?? 0;
  return (
    <ol class="fans" data-testid="top-fans">
      {fans.slice(0, fansMax).map((fan, index) => (
        <li key={fan.id} class={fan.id === me ? 'fan is-me' : 'fan'} data-rank={index + 1} data-fan={fan.id} data-coins={fan.coins}>
          <span class="fan-rank number">{index + 1}</span>
          <Avatar person={fan} size={1.875} />
          <div class="fan-words">
            <p class="fan-name">
              <Name sender={fan} />
              {fan.id === me && <span class="fan-me">you</span>}
            </p>
            <span class="fan-bar" style={{ '--share': most === 0 ? 0 : fan.coins / most }} />
          </div>
          <Coins value={fan.coins} />
        </li>
      ))}
      {fans.length === 0 && <li class="empty">Nobody has given yet. Be the first name here.</li>}
    </ol>
  );
}
