import { GiftwaveError, type ErrorMessage } from '../sdk';

export interface Request {
  method?: 'GET' | 'POST';
  token?: string;
  body?: unknown;
}

const TIMEOUT_MS = 10_000;

/** One call of the HTTP interface. @throws GiftwaveError with the server's words, or a retryable `unreachable`. */
export async function callApi<Answer>(path: string, { method = 'GET', token, body }: Request = {}): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(path, init).catch(() => {
    throw new GiftwaveError({ code: 'unreachable', message: 'The server does not answer; check that it runs.', retryable: true });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusal(response.status, answer);
  return answer as Answer;
}

function refusal(status: number, answer: unknown): GiftwaveError {
  const error = (answer as { error?: ErrorMessage } | null)?.error;
  if (error) return new GiftwaveError(error);
  return new GiftwaveError({ code: `http_${status}`, message: `The server answered ${status} without a reason.`, retryable: status >= 500 });
}
