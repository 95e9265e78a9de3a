// Every message of docs/reference/protocol.md. Fields keep their wire names, so that a type here can be read next to the page there.

import type { BooksMessage, Spent } from './books_messages';

export type Role = 'viewer' | 'creator' | 'operator';

export interface Balance {
  paid: number;
  promo: number;
  coins: number;
  rev: number;
  /** Against the fan's limits; a message leaves it out where only the coins changed. */
  spent?: Spent;
}

export interface Limits {
  frame_bytes_max: number;
  count_max: number;
  message_chars_max: number;
  messages_per_s: number;
  intent_window_ms: number;
  combo_gap_ms: number;
}

export interface Totals {
  coins: number;
  gifts: number;
  fans: number;
}

/** `id` is absent when the fan chose to stay anonymous. */
export interface Sender {
  id?: string;
  name: string;
  simulated?: boolean;
}

export interface Combo {
  id: string;
  rev: number;
  delta: number;
  total: number;
  coins: number;
  ends_at_ms: number;
}

export interface GiftEvent {
  offset: number;
  id: string;
  type: 'gift';
  ts_ms: number;
  sender: Sender;
  gift: string;
  count: number;
  coins: number;
  combo?: Combo;
  message?: string;
  fan_coins?: number;
}

export interface RoomClosedEvent {
  offset: number;
  id: string;
  type: 'room.closed';
  ts_ms: number;
}

export type RoomEvent = GiftEvent | RoomClosedEvent;

export interface Fan {
  id: string;
  name: string;
  coins: number;
  simulated?: boolean;
}

export interface Snapshot {
  title: string;
  creator: { id: string; name: string };
  state: 'open' | 'closed';
  totals: Totals;
  top_fans: Fan[];
  recent: RoomEvent[];
}

// Client messages

export interface Hello {
  type: 'hello';
  token: string;
  client?: string;
}

export interface Join {
  type: 'join';
  room: string;
  epoch?: string;
  offset?: number;
}

export interface Leave {
  type: 'leave';
  room: string;
}

/** A fan's wish, before it has an intent. `max_coins` is what the fan agreed to pay in all. */
export interface GiftOrder {
  room: string;
  gift: string;
  count: number;
  max_coins: number;
  message?: string;
  anonymous?: boolean;
}

export interface GiftSend extends GiftOrder {
  type: 'gift.send';
  intent_id: string;
}

export type ClientMessage = Hello | Join | Leave | GiftSend;

// Server messages

export interface Welcome {
  type: 'welcome';
  user: { id: string; name: string; role: Role };
  server_time_ms: number;
  wallet: Balance;
  catalogue_revision: string;
  limits: Limits;
}

export interface Joined {
  type: 'joined';
  room: string;
  epoch: string;
  offset: number;
  recovered: boolean;
  snapshot: Snapshot;
  events: RoomEvent[];
}

export interface Batch {
  type: 'batch';
  room: string;
  epoch: string;
  from: number;
  to: number;
  events: RoomEvent[];
  totals: Totals;
}

export interface GiftAck {
  type: 'gift.ack';
  intent_id: string;
  event_id: string;
  room: string;
  epoch: string;
  offset: number;
  gift: string;
  count: number;
  coins: number;
  balance: Balance;
  combo?: Combo;
  ts_ms: number;
  replayed?: boolean;
  /** In answers of `GET /v1/gifts/{intent_id}`: the books hold this gift. */
  recorded?: boolean;
}

export interface ErrorMessage {
  type: 'error';
  code: string;
  message: string;
  retryable: boolean;
  intent_id?: string;
  room?: string;
  retry_after_ms?: number;
}

export interface Wallet extends Balance {
  type: 'wallet';
}

export interface Earnings {
  type: 'earnings';
  room: string;
  units: number;
  diamonds: number;
}

export interface Gap {
  type: 'gap';
  room: string;
  epoch: string;
  from: number;
  to: number;
}

export interface Left {
  type: 'left';
  room: string;
}

export interface Bye {
  type: 'bye';
  reason: string;
  retry_after_ms: number;
}

export type ServerMessage = Welcome | Joined | Batch | GiftAck | ErrorMessage | Wallet | Earnings | Gap | Left | Bye | BooksMessage;

export const CLOSE = {
  protocol_error: 4000,
  bad_token: 4001,
  token_expired: 4002,
  hello_timeout: 4003,
  flood: 4004,
  going_away: 4500,
  slow_consumer: 4501,
  internal: 4502,
} as const;
