/** Gives a token whenever the client (re)connects. `expired` says that the last one was refused as expired. */
export type TokenProvider = (hint: { expired: boolean }) => Promise<string>;

/** The token in use, and the way to a fresh one. */
export class Tokens {
  #current: string | null = null;
  #expired = false;
  readonly #provider: TokenProvider;

  constructor(provider: TokenProvider) {
    this.#provider = provider;
  }

  /** Ask the provider; it decides whether to answer from memory. */
  async next(): Promise<string> {
    const token = await this.#provider({ expired: this.#expired });
    this.#current = token;
    this.#expired = false;
    return token;
  }

  async current(): Promise<string> {
    return this.#expired || this.#current === null ? this.next() : this.#current;
  }

  markExpired(): void {
    this.#expired = true;
  }
}
