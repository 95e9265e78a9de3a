import type {
  CreatorStatement,
  EarningsView,
  FanStatement,
  LimitsChange,
  LimitsView,
  LockHours,
  Pack,
  Payout,
  Quote,
  StatementPeriod,
  Topup,
  TopupOrder,
} from './books_messages';
import type { Http } from './http';

// Our server waits for the payment provider's, so these take longer than a call of ours.
const PROVIDER_TIMEOUT_MS = 30_000;
// A year's statement is a long answer.
const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * Buying, limits, statements and payouts over HTTP. What moves money takes an id made by `newId`: keep it for a retry, and the server
 * does it once. Every method throws GiftwaveError as `GiftwaveClient` does.
 */
export class Books {
  readonly #http: Http;
  /** A UUIDv7 dated by the server's clock. */
  readonly newId: () => string;

  constructor(http: Http, newId: () => string) {
    this.#http = http;
    this.newId = newId;
  }

  async packs(): Promise<Pack[]> {
    return (await this.#http.json<{ packs: Pack[] }>('/v1/packs')).packs;
  }

  /** Open the provider's checkout, at the answer's `checkout_url`. The same id again brings the same answer. */
  startTopup(order: TopupOrder): Promise<Topup> {
    return this.#http.json('/v1/topups', { method: 'POST', body: order, timeout_ms: PROVIDER_TIMEOUT_MS });
  }

  topup(topupId: string): Promise<Topup> {
    return this.#http.json(`/v1/topups/${encodeURIComponent(topupId)}`);
  }

  /** Newest first. */
  async topups(): Promise<Topup[]> {
    return (await this.#http.json<{ topups: Topup[] }>('/v1/topups')).topups;
  }

  limits(): Promise<LimitsView> {
    return this.#http.json('/v1/limits');
  }

  /** Lowering and first limits are in force at once; raises, removals and another zone after 24 h. */
  setLimits(change: LimitsChange): Promise<LimitsView> {
    return this.#http.json('/v1/limits', { method: 'PUT', body: change });
  }

  /** Refuse one's own gifts for a while. Nothing shortens it. */
  lock(change: { change_id: string; hours: LockHours }): Promise<LimitsView> {
    return this.#http.json('/v1/limits/lock', { method: 'POST', body: change });
  }

  statement(period: StatementPeriod): Promise<FanStatement> {
    return this.#http.json(statementPath('/v1/statement', period, 'json'), { timeout_ms: STATEMENT_TIMEOUT_MS });
  }

  statementCsv(period: StatementPeriod): Promise<string> {
    return this.#http.text(statementPath('/v1/statement', period, 'csv'), { timeout_ms: STATEMENT_TIMEOUT_MS });
  }

  earnings(): Promise<EarningsView> {
    return this.#http.json('/v1/earnings');
  }

  creatorStatement(period: StatementPeriod): Promise<CreatorStatement> {
    return this.#http.json(statementPath('/v1/creator/statement', period, 'json'), { timeout_ms: STATEMENT_TIMEOUT_MS });
  }

  creatorStatementCsv(period: StatementPeriod): Promise<string> {
    return this.#http.text(statementPath('/v1/creator/statement', period, 'csv'), { timeout_ms: STATEMENT_TIMEOUT_MS });
  }

  async setDestination(destination: string): Promise<void> {
    await this.#http.text('/v1/payouts/destination', { method: 'PUT', body: { destination } });
  }

  /** @param wish `units: null` asks for everything that is available. */
  quotePayout(wish: { currency: string; units: number | null }): Promise<Quote> {
    return this.#http.json('/v1/payouts/quote', { method: 'POST', body: wish });
  }

  requestPayout(order: { payout_id: string; quote_id: string }): Promise<Payout> {
    return this.#http.json('/v1/payouts', { method: 'POST', body: order, timeout_ms: PROVIDER_TIMEOUT_MS });
  }

  async payouts(): Promise<Payout[]> {
    return (await this.#http.json<{ payouts: Payout[] }>('/v1/payouts')).payouts;
  }

  payout(payoutId: string): Promise<Payout> {
    return this.#http.json(`/v1/payouts/${encodeURIComponent(payoutId)}`);
  }
}

function statementPath(path: string, { from_ms, to_ms }: StatementPeriod, format: 'json' | 'csv'): string {
  return `${path}?${new URLSearchParams({ from_ms: String(from_ms), to_ms: String(to_ms), format }).toString()}`;
}
