import { GiftwaveError } from './errors';
import type { ErrorMessage } from './messages';
import type { Tokens } from './tokens';

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT';
  token?: string;
  body?: unknown;
  timeout_ms?: number;
}

type Fetch = typeof globalThis.fetch;

const TIMEOUT_MS = 10_000;

/** One call of the HTTP interface; returns the body. @throws GiftwaveError with the server's words, or a retryable `unreachable`. */
export async function request(fetch: Fetch, url: string, { method = 'GET', token, body, timeout_ms = TIMEOUT_MS }: RequestOptions = {}): Promise<string> {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeout_ms) };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    if (response.ok) return text;
    throw refusal(response.status, text);
  } catch (error) {
    if (error instanceof GiftwaveError) throw error;
    throw new GiftwaveError({ code: 'unreachable', message: 'The server does not answer; check that it runs.', retryable: true });
  }
}

/** @throws GiftwaveError a retryable `unreadable`, for example where a proxy answered in the server's place. */
export function parseJson<Answer>(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new GiftwaveError({ code: 'unreadable', message: 'The answer is not one of Giftwave’s; try again.', retryable: true });
  }
}

/** Calls for one person: with their token, and once more with a fresh one where it has expired. */
export class Http {
  readonly #baseUrl: string;
  readonly #tokens: Tokens;
  readonly #fetch: Fetch;

  constructor(baseUrl: string, tokens: Tokens, fetch: Fetch) {
    this.#baseUrl = baseUrl;
    this.#tokens = tokens;
    this.#fetch = fetch;
  }

  async json<Answer>(path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<Answer> {
    return parseJson<Answer>(await this.text(path, options));
  }

  async text(path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<string> {
    try {
      return await this.#call(path, options);
    } catch (error) {
      if (!(error instanceof GiftwaveError) || error.code !== 'token_expired') throw error;
      this.#tokens.markExpired();
      return this.#call(path, options);
    }
  }

  async #call(path: string, options: RequestOptions): Promise<string> {
    return request(this.#fetch, `${this.#baseUrl}${path}`, { ...options, token: await this.#tokens.current() });
  }
}

function refusal(status: number, text: string): GiftwaveError {
  const error = errorIn(text);
  if (error) return new GiftwaveError(error);
  return new GiftwaveError({ code: `http_${status}`, message: `The server answered ${status} without a reason.`, retryable: status >= 500 });
}

function errorIn(text: string): ErrorMessage | undefined {
  try {
    return (JSON.parse(text) as { error?: ErrorMessage } | null)?.error;
  } catch {
    return undefined;
  }
}
