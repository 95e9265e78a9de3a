import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { FanLine, FanStatement } from '../sdk';
import { giftOf, stillOf } from '../state/catalogue';
import { formatSigned, formatStamp, formatWhole } from '../state/format';
import { fanLineDetail, fanLineWords } from '../state/line_words';
import type { OwnGifts } from '../state/own_gifts';
import type { Statements } from '../state/statements';
import { Dialog, Problem } from './dialog';
import { CoinIcon } from './icons';
import { RecordedTick } from './recorded_tick';
import { SaveCsv } from './save_csv';
import { Segmented } from './parts';
import './history_dialog.css';
import './line.css';

const PAGE_LINES = 100;

/** Every coin of this fan, explained. */
export function HistoryDialog({ history, own }: { history: Statements<FanStatement>; own: OwnGifts }): JSX.Element | null {
  if (!history.isShown.value) return null;
  const statement = history.statement.value;
  const choices = history.periods.value.map(({ key, label }) => ({ value: key, label }));
  const choose = (key: string): void => {
    const period = history.periods.peek().find((one) => one.key === key);
    if (period) void history.choose(period);
  };
  return (
    <Dialog title="Your history" testId="history-dialog" isWide onClose={() => history.hide()}>
      <div class="history-tools">
        <Segmented label="Period" choices={choices} value={history.period.value?.key ?? ''} onChange={choose} />
        <SaveCsv statements={history} />
      </div>
      <Problem words={history.problem.value ?? history.saving.problem.value} />
      {own.waiting.value > 0 && (
        <p class="dialog-text" data-testid="history-waiting" data-value={own.waiting.value}>
          {own.waiting.value === 1 ? 'One gift is' : `${formatWhole(own.waiting.value)} gifts are`} on the way into the books and will appear here.
        </p>
      )}
      {statement ? <Lines key={history.period.value?.key} statement={statement} /> : history.problem.value === null && <p class="empty">Reading the books…</p>}
    </Dialog>
  );
}

function Lines({ statement }: { statement: FanStatement }): JSX.Element {
  const [linesMax, setLinesMax] = useState(PAGE_LINES);
  const lines = statement.lines.toReversed();
  return (
    <>
      <Totals statement={statement} />
      {lines.length === 0 && <p class="empty">Nothing moved in this period.</p>}
      <ol class="history" aria-label="Newest first">
        {lines.slice(0, linesMax).map((line) => (
          <Line key={`${line.transfer_id}-${line.balance_coins}`} line={line} />
        ))}
      </ol>
      {lines.length > linesMax && (
        <button type="button" class="button button-quiet" onClick={() => setLinesMax(linesMax + PAGE_LINES)}>
          Show {formatWhole(Math.min(PAGE_LINES, lines.length - linesMax))} earlier
        </button>
      )}
    </>
  );
}

function Totals({ statement }: { statement: FanStatement }): JSX.Element {
  const { bought, granted, gifted, refunded, taken_back } = statement.totals;
  const parts = [
    { id: 'opening', label: 'At the start', value: statement.opening_coins, isAlways: true },
    { id: 'bought', label: 'Bought', value: bought, isAlways: true },
    { id: 'granted', label: 'Given to you', value: granted, isAlways: false },
    { id: 'gifted', label: 'Gifts sent', value: gifted, isAlways: true },
    { id: 'refunded', label: 'Refunded', value: refunded, isAlways: false },
    { id: 'taken_back', label: 'Taken back', value: taken_back, isAlways: false },
    { id: 'closing', label: 'At the end', value: statement.closing_coins, isAlways: true },
  ];
  return (
    <dl class="history-totals">
      {parts
        .filter(({ value, isAlways }) => isAlways || value !== 0)
        .map(({ id, label, value }) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd class="number" data-testid={`history-${id}`} data-value={value}>
              {formatWhole(value)}
            </dd>
          </div>
        ))}
    </dl>
  );
}

function Line({ line }: { line: FanLine }): JSX.Element {
  const still = line.gift === null ? '' : stillOf(giftOf(line.gift));
  const mix = line.paid_coins !== null && line.promo_coins !== null && line.promo_coins !== 0 ? `${formatWhole(Math.abs(line.paid_coins))} paid, ${formatWhole(Math.abs(line.promo_coins))} promo` : undefined;
  return (
    <li class="history-line" data-testid="history-line" data-kind={line.kind} data-coins={line.coins} data-transfer={line.transfer_id}>
      {still === '' ? <CoinIcon /> : <img src={still} alt="" width="32" height="32" loading="lazy" />}
      <div class="history-words">
        <p class="line-what">{fanLineWords(line)}</p>
        <p class="line-detail">{[formatStamp(line.at_ms), fanLineDetail(line)].filter((part) => part !== '').join(' · ')}</p>
        <p class="line-id">
          <RecordedTick /> <span>{line.transfer_id}</span>
        </p>
      </div>
      <div class="history-amount number">
        <p class={line.coins > 0 ? 'is-plus' : ''} title={mix}>
          {formatSigned(line.coins)}
        </p>
        <p class="history-balance" title="Balance after it">
          {formatWhole(line.balance_coins)}
        </p>
      </div>
    </li>
  );
}
