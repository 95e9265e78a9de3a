import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { CreatorLine, CreatorStatement } from '../sdk';
import { sharesOf, splitOf, type Split } from '../state/buckets';
import { formatCoins, formatStamp, formatWhole } from '../state/format';
import { creatorLineWords } from '../state/line_words';
import { formatDiamonds } from '../state/money';
import type { Statements } from '../state/statements';
import { Problem } from './dialog';
import { Card } from './parts';
import { SaveCsv } from './save_csv';
import { StackedBar } from './stacked_bar';
import './creator_statement.css';
import './line.css';

const PAGE_LINES = 25;

/** A stretch of the creator's books: every gift with where its money went, and every payout. */
export function StatementCard({ statements }: { statements: Statements<CreatorStatement> }): JSX.Element {
  const statement = statements.statement.value;
  const choose = (key: string): void => {
    const period = statements.periods.peek().find((one) => one.key === key);
    if (period) void statements.choose(period);
  };
  return (
    <Card
      title="Statement"
      kind="statement"
      aside={
        <div class="statement-tools">
          <select class="field" aria-label="Period" data-testid="statement-month" value={statements.period.value?.key} onChange={(event) => choose(event.currentTarget.value)}>
            {statements.periods.value.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
          <SaveCsv statements={statements} />
        </div>
      }
    >
      <div class="statement-body">
        <Problem words={statements.problem.value ?? statements.saving.problem.value} />
        {statement ? <Sheet key={statements.period.value?.key} statement={statement} /> : statements.problem.value === null && <p class="empty">Reading the books…</p>}
      </div>
    </Card>
  );
}

function Sheet({ statement }: { statement: CreatorStatement }): JSX.Element {
  const [linesMax, setLinesMax] = useState(PAGE_LINES);
  const lines = statement.lines.toReversed();
  return (
    <>
      <Totals statement={statement} />
      {lines.length === 0 && <p class="empty">Nothing moved in this period.</p>}
      {lines.length > 0 && (
        <table class="sheet">
          <caption class="visually-hidden">Newest first; amounts in diamonds</caption>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Where the money went</th>
              <th scope="col" class="is-amount">
                Yours
              </th>
              <th scope="col" class="is-amount">
                Balance
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, linesMax).map((line) => (
              <Line key={`${line.transfer_id}-${line.balance_units}`} line={line} />
            ))}
          </tbody>
        </table>
      )}
      {lines.length > linesMax && (
        <button type="button" class="button button-quiet" onClick={() => setLinesMax(linesMax + PAGE_LINES)}>
          Show {formatWhole(Math.min(PAGE_LINES, lines.length - linesMax))} earlier
        </button>
      )}
    </>
  );
}

function Totals({ statement }: { statement: CreatorStatement }): JSX.Element {
  const { totals } = statement;
  const split = splitOf(totals);
  return (
    <div class="statement-totals">
      <dl>
        <Figure label="At the start" id="opening" units={statement.opening_units} />
        <Figure label="Gifts" id="price" units={totals.price_units} />
        <Figure label="Yours" id="creator" units={totals.creator_units} />
        <Figure label="Platform" id="platform" units={totals.platform_units} />
        <Figure label="of that payment provider" id="provider" units={totals.provider_fee_units} />
        <Figure label="Paid out" id="payout" units={totals.payout_units} />
        <Figure label="At the end" id="closing" units={statement.closing_units} />
      </dl>
      {split && <SplitBar split={split} />}
      <p class="split-keys" aria-hidden="true">
        <span class="part-creator">
          <span class="part-key" /> you
        </span>
        <span class="part-platform">
          <span class="part-key" /> platform
        </span>
        <span class="part-provider">
          <span class="part-key" /> payment provider
        </span>
      </p>
    </div>
  );
}

function Figure({ label, id, units }: { label: string; id: string; units: number }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="number" data-testid={`statement-${id}`} data-units={units}>
        {formatDiamonds(units)}
      </dd>
    </div>
  );
}

function Line({ line }: { line: CreatorLine }): JSX.Element {
  const split = splitOf(line);
  const isGift = line.gift !== null;
  return (
    <tr data-testid="statement-line" data-kind={line.kind} data-units={line.units} data-transfer={line.transfer_id}>
      <td class="sheet-when number">{formatStamp(line.at_ms)}</td>
      <td class="sheet-what">
        <p class="line-what">{creatorLineWords(line)}</p>
        {isGift && <p class="line-detail">{[`from ${line.fan ?? 'Anonymous'}`, line.coins === null ? null : formatCoins(Math.abs(line.coins))].filter((part) => part !== null).join(' · ')}</p>}
        <p class="line-id">
          <span>{line.transfer_id}</span>
        </p>
      </td>
      <td class="sheet-split">{split && <SplitCell split={split} />}</td>
      <td class={line.units > 0 ? 'is-amount number is-plus' : 'is-amount number'}>{signedDiamonds(line.units)}</td>
      <td class="is-amount is-balance number">{formatDiamonds(line.balance_units)}</td>
    </tr>
  );
}

function SplitCell({ split }: { split: Split }): JSX.Element {
  return (
    <>
      <SplitBar split={split} />
      <p class="split-words number">
        {formatDiamonds(split.creator)} you · {formatDiamonds(split.platform)} platform
        {split.provider !== 0 && ` · ${formatDiamonds(split.provider)} provider`}
      </p>
    </>
  );
}

function SplitBar({ split }: { split: Split }): JSX.Element {
  const ids = ['creator', 'platform', 'provider'] as const;
  const shares = sharesOf(ids.map((id) => Math.abs(split[id])));
  const label = `You ${formatDiamonds(split.creator)}, platform ${formatDiamonds(split.platform)}, payment provider ${formatDiamonds(split.provider)}`;
  return <StackedBar isSmall parts={ids.map((id, index) => ({ id, share: shares[index] ?? 0 }))} label={label} />;
}

function signedDiamonds(units: number): string {
  return units > 0 ? `+${formatDiamonds(units)}` : formatDiamonds(units);
}
