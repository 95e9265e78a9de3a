import type { Environment } from './environment';
import { GiftwaveError } from './errors';
import type { ErrorMessage, GiftAck } from './messages';
import type { Tokens } from './tokens';

const REQUEST_TIMEOUT_MS = 10_000;

// Refusals of the question itself: they say nothing about the gift that was asked about.
const ABOUT_THE_QUESTION = new Set(['bad_token', 'token_expired', 'forbidden', 'access_denied', 'origin_not_allowed', 'not_found', 'internal', 'unreachable']);

/** True where the error is the server's stored decision: this gift was refused and never charged. */
export function isDecision(error: GiftwaveError): boolean {
  return !error.retryable && error.code !== 'unknown_intent' && !ABOUT_THE_QUESTION.has(error.code);
}

/** Asks the server what became of an intent. */
export class Receipts {
  readonly #httpUrl: string;
  readonly #tokens: Tokens;
  readonly #environment: Environment;

  constructor(httpUrl: string, tokens: Tokens, environment: Environment) {
    this.#httpUrl = httpUrl;
    this.#tokens = tokens;
    this.#environment = environment;
  }

  /** @throws GiftwaveError the stored refusal; `unknown_intent` where nothing was decided; `unreachable` without an answer. */
  async receipt(intentId: string): Promise<GiftAck> {
    const first = await this.#ask(intentId);
    if (first.error?.code !== 'token_expired') return unwrap(first);
    this.#tokens.markExpired();
    return unwrap(await this.#ask(intentId));
  }

  async #ask(intentId: string): Promise<Answer> {
    const token = await this.#tokens.current();
    const { fetch } = this.#environment;
    try {
      const response = await fetch(`${this.#httpUrl}/v1/gifts/${intentId}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return readAnswer(await response.json());
    } catch (error) {
      const message = `The server did not answer (${String(error)}); ask for this receipt again later.`;
      throw new GiftwaveError({ code: 'unreachable', message, retryable: true, intent_id: intentId });
    }
  }
}

type Answer = { ack: GiftAck; error?: undefined } | { error: ErrorMessage };

function readAnswer(body: unknown): Answer {
  const fields = body as Partial<GiftAck> & { error?: ErrorMessage };
  if (fields.error) return { error: fields.error };
  return fields.type === 'gift.ack' ? { ack: body as GiftAck } : { error: body as ErrorMessage };
}

function unwrap(answer: Answer): GiftAck {
  if (answer.error) throw new GiftwaveError(answer.error);
  return answer.ack;
}
