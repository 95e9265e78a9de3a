import { parseJson, request, type RequestOptions } from '../sdk';

/** One call of this server's HTTP interface. @throws GiftwaveError with the server's words, or a retryable `unreachable`. */
export async function callApi<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  return parseJson<Answer>(await request(fetch.bind(globalThis), path, options));
}
