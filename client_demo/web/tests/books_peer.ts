import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CreatorStatement, EarningsView, FanStatement, LimitsView, Pack, Payout, Quote, SpendingLimits, Topup } from '../src/sdk';
import { Peer, welcome } from './peer';

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  token: string | undefined;
}

type Answer = { status: number; body: unknown };

export const NOW_MS = 1_780_000_000_000;
const DAY_MS = 86_400_000;

/** The books of one fan and one creator on a real socket: the shapes of the HTTP interface, answers that the test sets. */
export class BooksPeer {
  readonly calls: Call[] = [];
  packs: Pack[] = [
    { id: 'pack_100', coins: 100, price_minor: 129, currency: 'EUR' },
    { id: 'pack_500', coins: 500, price_minor: 599, currency: 'EUR' },
  ];
  topups = new Map<string, Topup>();
  limits: LimitsView = limitsView();
  earnings: EarningsView = earningsView();
  payouts = new Map<string, Payout>();
  quotes = new Map<string, Quote>();
  statement: FanStatement = { from_ms: 0, to_ms: 0, opening_coins: 0, closing_coins: 0, lines: [], totals: { bought: 0, granted: 0, gifted: 0, refunded: 0, taken_back: 0 } };
  creatorStatement: CreatorStatement = {
    from_ms: 0,
    to_ms: 0,
    opening_units: 0,
    closing_units: 0,
    lines: [],
    totals: { price_units: 0, creator_units: 0, platform_units: 0, provider_fee_units: 0, payout_units: 0 },
  };
  nowMs: () => number = () => NOW_MS;
  checkoutUrl: (topupId: string, returnUrl: string) => string = (topupId) => `https://pay.example/${topupId}`;
  /** Answers before the books do, once each; `lost` does the work and drops the answer. */
  readonly surprises: (Answer | 'lost')[] = [];

  private constructor(readonly peer: Peer) {
    peer.onHello = (_hello, connection) => connection.say(welcome({ server_time_ms: this.nowMs() }));
    peer.onHttp = (request, response) => void this.handle(request, response);
  }

  static async start(port = 0): Promise<BooksPeer> {
    return new BooksPeer(await Peer.start(undefined, port));
  }

  callsOf(method: string, path: string): Call[] {
    return this.calls.filter((call) => call.method === method && call.path === path);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://peer');
    const text = await textOf(request);
    const call: Call = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      token: request.headers.authorization?.replace('Bearer ', ''),
    };
    this.calls.push(call);
    const surprise = this.surprises.shift();
    if (surprise === 'lost') {
      this.answer(call);
      request.socket.destroy();
      return;
    }
    const { status, body } = surprise ?? this.answer(call);
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  answer(call: Call): Answer {
    const { method, path } = call;
    const id = path.split('/')[3] ?? '';
    switch (`${method} ${path.replace(/\/[0-9a-f-]{36}$/, '/*')}`) {
      case 'GET /v1/packs':
        return ok({ packs: this.packs });
      case 'POST /v1/topups':
        return this.#startTopup(call);
      case 'GET /v1/topups':
        return ok({ topups: [...this.topups.values()].reverse() });
      case 'GET /v1/topups/*':
        return this.topups.has(id) ? ok(this.topups.get(id)) : refusal(404, 'unknown_topup');
      case 'GET /v1/limits':
        return ok(this.limits);
      case 'PUT /v1/limits':
        return this.#setLimits(call);
      case 'POST /v1/limits/lock':
        this.limits = { ...this.limits, locked_until_ms: this.nowMs() + Number(call.body['hours']) * 3_600_000 };
        return ok(this.limits);
      case 'GET /v1/statement':
        return call.query.get('format') === 'csv' ? ok('at,kind,coins\n1,gift,-5\n') : ok(this.statement);
      case 'GET /v1/creator/statement':
        return call.query.get('format') === 'csv' ? ok('at,kind,units\n1,gift,35000\n') : ok(this.creatorStatement);
      default:
        return this.#answerCreator(call);
    }
  }

  #answerCreator(call: Call): Answer {
    switch (`${call.method} ${call.path}`) {
      case 'GET /v1/earnings':
        return ok(this.earnings);
      case 'PUT /v1/payouts/destination':
        this.earnings = { ...this.earnings, destination: String(call.body['destination']) };
        return ok({ destination: this.earnings.destination });
      case 'POST /v1/payouts/quote':
        return this.#quote(call);
      case 'POST /v1/payouts':
        return this.#requestPayout(call);
      case 'GET /v1/payouts':
        return ok({ payouts: [...this.payouts.values()].reverse() });
      default:
        return refusal(404, 'not_found');
    }
  }

  #startTopup({ body }: Call): Answer {
    const id = String(body['topup_id']);
    const pack = this.packs.find((one) => one.id === body['pack']);
    if (!pack) return refusal(404, 'unknown_pack');
    const known = this.topups.get(id);
    if (known) return known.pack === pack.id ? ok(known) : refusal(409, 'intent_conflict');
    const { coins, price_minor, currency } = pack;
    const checkout_url = this.checkoutUrl(id, String(body['return_url']));
    const at = this.nowMs();
    this.topups.set(id, { topup_id: id, pack: pack.id, coins, price_minor, currency, provider: 'sandbox', state: 'pending', checkout_url, created_at_ms: at, updated_at_ms: at });
    return ok(this.topups.get(id));
  }

  #setLimits({ body }: Call): Answer {
    const { limits, next } = this.limits;
    const asked = body as unknown as SpendingLimits & { zone: string };
    const wanted: SpendingLimits = { gift: asked.gift, day: asked.day, week: asked.week, month: asked.month };
    const fields = ['gift', 'day', 'week', 'month'] as const;
    const now = { ...limits };
    for (const field of fields) {
      const [before, after] = [limits[field], wanted[field]];
      if (after !== null && (before === null || after < before)) now[field] = after;
    }
    const waits = fields.some((field) => now[field] !== wanted[field]) || asked.zone !== this.limits.zone;
    const isFirst = fields.every((field) => limits[field] === null) && next === null;
    const zone = isFirst ? asked.zone : this.limits.zone;
    this.limits = { ...this.limits, limits: now, zone, next: waits && !isFirst ? { at_ms: this.nowMs() + DAY_MS, limits: wanted, zone: asked.zone } : null };
    return ok(this.limits);
  }

  #quote({ body }: Call): Answer {
    const rate = this.earnings.currencies.find(({ currency }) => currency === body['currency']);
    if (!rate) return refusal(400, 'unknown_currency');
    const units = body['units'] === null ? this.earnings.available_units : Number(body['units']);
    if (units > this.earnings.available_units) return refusal(409, 'above_available');
    const gross_minor = Math.floor((units * rate.minor_per_1000_diamonds) / 10_000_000);
    const quote: Quote = {
      quote_id: `quote-${this.quotes.size + 1}`,
      currency: rate.currency,
      units,
      gross_minor,
      fee_minor: rate.fee_minor,
      amount_minor: gross_minor - rate.fee_minor,
      remainder_units: units - Math.floor((gross_minor * 10_000_000) / rate.minor_per_1000_diamonds),
      minor_per_1000_diamonds: rate.minor_per_1000_diamonds,
      expires_at_ms: this.nowMs() + 300_000,
    };
    this.quotes.set(quote.quote_id, quote);
    return ok(quote);
  }

  #requestPayout({ body }: Call): Answer {
    const id = String(body['payout_id']);
    const known = this.payouts.get(id);
    if (known) return ok(known);
    const quote = this.quotes.get(String(body['quote_id']));
    if (!quote || quote.expires_at_ms <= this.nowMs()) return refusal(409, 'quote_expired');
    const { units, currency, gross_minor, fee_minor, amount_minor } = quote;
    const at = this.nowMs();
    const payout: Payout = { payout_id: id, creator: 'c_mira', state: 'requested', units, currency, gross_minor, fee_minor, amount_minor, needs_approval: false, reason: null, created_at_ms: at, updated_at_ms: at };
    this.payouts.set(id, payout);
    this.earnings = { ...this.earnings, available_units: this.earnings.available_units - units, in_transit_units: this.earnings.in_transit_units + units };
    return ok(payout);
  }
}

export function refusal(status: number, code: string, retryable = false): Answer {
  return { status, body: { error: { code, message: `Refused: ${code}.`, retryable } } };
}

export function limitsView(fields: Partial<LimitsView> = {}): LimitsView {
  return {
    limits: { gift: null, day: null, week: null, month: null },
    next: null,
    zone: 'UTC',
    locked_until_ms: null,
    spent: { day: 0, week: 0, month: 0 },
    ends_at_ms: { day: NOW_MS + DAY_MS, week: NOW_MS + 7 * DAY_MS, month: NOW_MS + 30 * DAY_MS },
    ...fields,
  };
}

export function earningsView(fields: Partial<EarningsView> = {}): EarningsView {
  return {
    earned_units: 100_000_000,
    pending_units: 20_000_000,
    held_units: 5_000_000,
    available_units: 60_000_000,
    in_transit_units: 0,
    paid_units: 15_000_000,
    pending_by_day: [{ settles_at_ms: NOW_MS + DAY_MS, units: 20_000_000 }],
    holds: [{ hold_id: 'h1', units: 5_000_000, reason: 'large_payment', release_at_ms: NOW_MS + 3 * DAY_MS }],
    currencies: [
      { currency: 'USD', minor_per_1000_diamonds: 500, fee_minor: 25, min_minor: 1_000 },
      { currency: 'JPY', minor_per_1000_diamonds: 750, fee_minor: 40, min_minor: 1_500 },
      { currency: 'KWD', minor_per_1000_diamonds: 1_530, fee_minor: 80, min_minor: 3_000 },
    ],
    destination: null,
    ...fields,
  };
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
