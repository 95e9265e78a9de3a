import type { JSX } from 'preact';
import type { PayoutCurrency, Quote } from '../sdk';
import { formatCountdown } from '../state/format';
import { formatDiamonds, formatMoney } from '../state/money';
import type { AmountKind, PayoutRequest } from '../state/payout_request';
import { payoutState, payoutWords } from '../state/payout_words';
import { Dialog, Problem } from './dialog';
import { Segmented } from './parts';
import './payout_dialog.css';

const AMOUNTS = [
  { value: 'all', label: 'Everything available' },
  { value: 'part', label: 'An amount' },
] as const;

/** Cashing out in three steps: what, the locked quote, what becomes of it. */
export function PayoutDialog({ request }: { request: PayoutRequest }): JSX.Element | null {
  if (!request.isShown.value) return null;
  return (
    <Dialog title="Cash out" testId="payout-dialog" onClose={() => request.hide()}>
      {request.payout.value ? <Outcome request={request} /> : request.quote.value ? <QuoteStep request={request} quote={request.quote.value} /> : <Form request={request} />}
      <Problem words={request.task.problem.value} />
    </Dialog>
  );
}

function Form({ request }: { request: PayoutRequest }): JSX.Element {
  const view = request.book.view.value;
  const { rate } = request;
  const ask = (event: Event): void => {
    event.preventDefault();
    void request.ask();
  };
  return (
    <form class="payout-form" onSubmit={ask} noValidate>
      <p class="payout-available">
        <span class="number">{formatDiamonds(view?.available_units ?? 0)}</span> diamonds are available.
      </p>
      <Segmented<AmountKind> label="How much" choices={AMOUNTS} value={request.kind.value} onChange={(kind) => (request.kind.value = kind)} />
      {request.kind.value === 'part' && <TextField label="Diamonds" testId="payout-amount" signal={request.amount} placeholder="2500" inputMode="decimal" />}
      <label class="field-label">
        <span>Paid out in</span>
        <select class="field" data-testid="payout-currency" value={request.currency.value} onChange={(event) => (request.currency.value = event.currentTarget.value)}>
          {view?.currencies.map(({ currency }) => (
            <option key={currency} value={currency}>
              {currency}
            </option>
          ))}
        </select>
      </label>
      {rate.value && <RateWords rate={rate.value} />}
      <TextField label="Sent to" testId="payout-destination" signal={request.destination} placeholder="Your account at the payment provider" />
      <button type="submit" class="button button-primary" data-testid="payout-quote" disabled={request.task.isBusy.value}>
        Get a quote
      </button>
    </form>
  );
}

interface TextFieldProps {
  label: string;
  testId: string;
  signal: PayoutRequest['amount'];
  placeholder: string;
  inputMode?: 'text' | 'decimal';
}

function TextField({ label, testId, signal, placeholder, inputMode = 'text' }: TextFieldProps): JSX.Element {
  return (
    <label class="field-label">
      <span>{label}</span>
      <input
        class="field"
        type="text"
        inputMode={inputMode}
        autocomplete="off"
        maxLength={64}
        placeholder={placeholder}
        data-testid={testId}
        value={signal.value}
        onInput={(event) => (signal.value = event.currentTarget.value)}
      />
    </label>
  );
}

function RateWords({ rate }: { rate: PayoutCurrency }): JSX.Element {
  const money = (minor: number): string => formatMoney(minor, rate.currency);
  return (
    <p class="dialog-text" data-testid="payout-rate">
      1,000 diamonds are {money(rate.minor_per_1000_diamonds)}. The fee is {money(rate.fee_minor)}, the smallest payout {money(rate.min_minor)}.
    </p>
  );
}

function QuoteStep({ request, quote }: { request: PayoutRequest; quote: Quote }): JSX.Element {
  const money = (minor: number): string => formatMoney(minor, quote.currency);
  const isExpired = request.isExpired.value;
  return (
    <div class="payout-form" data-testid="quote" data-expired={isExpired}>
      <dl class="quote">
        <QuoteLine label={`${formatDiamonds(quote.units)} diamonds`} hint={`at ${money(quote.minor_per_1000_diamonds)} per 1,000`} value={money(quote.gross_minor)} />
        <QuoteLine label="Fee" value={money(-quote.fee_minor)} />
        <QuoteLine label="You receive" value={money(quote.amount_minor)} testId="quote-amount" isTotal />
      </dl>
      {quote.remainder_units > 0 && <p class="dialog-text">{formatDiamonds(quote.remainder_units)} diamonds are too little for the next coin of {quote.currency} and stay with you.</p>}
      <p class={isExpired ? 'quote-time is-over' : 'quote-time'} role={isExpired ? 'alert' : undefined} data-testid="quote-left">
        {isExpired ? 'This quote has expired; ask for a new one.' : `The rate is locked for ${formatCountdown(request.quoteLeftMs.value)}`}
      </p>
      <div class="dialog-actions">
        {isExpired ? (
          <button type="button" class="button button-primary" data-testid="payout-quote" disabled={request.task.isBusy.value} onClick={() => void request.ask()}>
            Get a new quote
          </button>
        ) : (
          <button type="button" class="button button-primary" data-testid="payout-confirm" disabled={request.task.isBusy.value} onClick={() => void request.confirm()}>
            Pay out {money(quote.amount_minor)}
          </button>
        )}
        <button type="button" class="button button-quiet" onClick={() => request.dropQuote()}>
          Change
        </button>
      </div>
    </div>
  );
}

function QuoteLine({ label, hint, value, testId, isTotal = false }: { label: string; hint?: string; value: string; testId?: string; isTotal?: boolean }): JSX.Element {
  return (
    <div class={isTotal ? 'is-total' : ''}>
      <dt>
        {label}
        {hint !== undefined && <span>{hint}</span>}
      </dt>
      <dd class="number" data-testid={testId}>
        {value}
      </dd>
    </div>
  );
}

function Outcome({ request }: { request: PayoutRequest }): JSX.Element | null {
  const payout = request.payout.value;
  if (!payout) return null;
  return (
    <div class="payout-form">
      <div class="payout-outcome" role="status" data-testid="payout-state" data-state={payout.state}>
        <span class="state-chip" data-state={payout.state}>
          {payoutState(payout)}
        </span>
        <p class="number">{formatMoney(payout.amount_minor, payout.currency)}</p>
        <p class="dialog-text">{payoutWords(payout)}</p>
      </div>
      <div class="dialog-actions">
        <button type="button" class="button button-primary" data-testid="payout-done" onClick={() => request.hide()}>
          Done
        </button>
      </div>
    </div>
  );
}
