// What the books say over HTTP and on the socket. Fields keep their wire names; amounts are whole: coins, units (10,000 are one coin or one
// diamond), or `*_minor`, the minor units of an ISO 4217 currency.

/** Coins spent in the running periods of the fan's time zone. */
export interface Spent {
  day: number;
  week: number;
  month: number;
}

export interface Pack {
  id: string;
  coins: number;
  price_minor: number;
  currency: string;
}

export type TopupState = 'pending' | 'processing' | 'credited' | 'failed' | 'expired' | 'refunded' | 'partly_refunded' | 'disputed' | 'charged_back';

export interface Topup {
  topup_id: string;
  pack: string;
  coins: number;
  price_minor: number;
  currency: string;
  provider: string;
  state: TopupState;
  checkout_url: string | null;
  created_at_ms: number;
  updated_at_ms: number;
}

export interface TopupOrder {
  topup_id: string;
  pack: string;
  /** Where the provider sends the browser back to, with `topup` and `result` added to its query; must not carry a token. */
  return_url: string;
}

/** Whole coins; null is no limit. */
export interface SpendingLimits {
  gift: number | null;
  day: number | null;
  week: number | null;
  month: number | null;
}

export interface LimitsChange extends SpendingLimits {
  change_id: string;
  zone: string;
}

export interface LimitsView {
  limits: SpendingLimits;
  /** A raise, a removal or another zone, and when it comes into force. */
  next: { at_ms: number; limits: SpendingLimits; zone: string } | null;
  zone: string;
  locked_until_ms: number | null;
  spent: Spent;
  ends_at_ms: Spent;
}

export type LockHours = 24 | 168;

/** `from_ms` included, `to_ms` not. */
export interface StatementPeriod {
  from_ms: number;
  to_ms: number;
}

export interface FanLine {
  at_ms: number;
  kind: string;
  transfer_id: string;
  gift: string | null;
  count: number | null;
  room: string | null;
  creator: string | null;
  pack: string | null;
  price_minor: number | null;
  currency: string | null;
  paid_coins: number | null;
  promo_coins: number | null;
  coins: number;
  balance_coins: number;
}

export interface FanStatement extends StatementPeriod {
  opening_coins: number;
  closing_coins: number;
  lines: FanLine[];
  totals: { bought: number; granted: number; gifted: number; refunded: number; taken_back: number };
}

export interface EarningsView {
  /** Always the sum of the five buckets; `available_units` is negative where refunds exceed what is left. */
  earned_units: number;
  pending_units: number;
  held_units: number;
  available_units: number;
  in_transit_units: number;
  paid_units: number;
  pending_by_day: { settles_at_ms: number; units: number }[];
  holds: Hold[];
  currencies: PayoutCurrency[];
  destination: string | null;
}

export interface Hold {
  hold_id: string;
  /** Null is everything. */
  units: number | null;
  reason: string;
  release_at_ms: number;
}

export interface PayoutCurrency {
  currency: string;
  minor_per_1000_diamonds: number;
  fee_minor: number;
  min_minor: number;
}

export interface CreatorLine {
  at_ms: number;
  kind: string;
  transfer_id: string;
  gift: string | null;
  count: number | null;
  room: string | null;
  /** Null where the fan chose to stay anonymous. */
  fan: string | null;
  coins: number | null;
  price_units: number | null;
  creator_units: number | null;
  platform_units: number | null;
  /** The part of `platform_units` that the payment provider kept. */
  provider_fee_units: number | null;
  units: number;
  balance_units: number;
  payout_id: string | null;
}

export interface CreatorStatement extends StatementPeriod {
  opening_units: number;
  closing_units: number;
  lines: CreatorLine[];
  totals: { price_units: number; creator_units: number; platform_units: number; provider_fee_units: number; payout_units: number };
}

export interface Quote {
  quote_id: string;
  currency: string;
  units: number;
  gross_minor: number;
  fee_minor: number;
  amount_minor: number;
  /** What is too little for a minor unit; it stays with the creator. */
  remainder_units: number;
  minor_per_1000_diamonds: number;
  expires_at_ms: number;
}

export type PayoutState = 'requested' | 'approved' | 'submitted' | 'paid' | 'failed' | 'returned' | 'rejected';

export interface Payout {
  payout_id: string;
  creator: string;
  state: PayoutState;
  units: number;
  currency: string;
  gross_minor: number;
  fee_minor: number;
  amount_minor: number;
  needs_approval: boolean;
  reason: string | null;
  created_at_ms: number;
  updated_at_ms: number;
}

// Server messages

/** To the sender: the books hold these gifts. */
export interface RecordedGifts {
  type: 'recorded';
  intent_ids: string[];
}

/** To the creator: the books hold every gift of this room up to `offset`. */
export interface RecordedRoom {
  type: 'recorded';
  room: string;
  epoch: string;
  offset: number;
}

export type Recorded = RecordedGifts | RecordedRoom;

export interface TopupMessage extends Topup {
  type: 'topup';
}

export interface LimitsMessage extends LimitsView {
  type: 'limits';
}

export interface PayoutMessage extends Payout {
  type: 'payout';
}

export type BooksMessage = Recorded | TopupMessage | LimitsMessage | PayoutMessage;
