import { GiftwaveError, type Role, type TokenProvider } from '../sdk';
import { tokenFromFragment, type PageName } from './address';
import { callApi } from './api';

interface DemoSession {
  token: string;
  user: { id: string; name: string };
  room: string;
  expires_at_ms: number;
}

const ROLES: Record<PageName, Role> = { watch: 'viewer', studio: 'creator', overlay: 'viewer' };
// A token about to expire would fail half-way through the first gift.
const FRESH_FOR_MS = 30_000;

const NOT_A_DEMO = 'This server is not in demo mode; open this page with a token: #token=…';

/** Where a page's token comes from: its address, or a demo session remembered per page and per name. */
export class Session {
  readonly isDemo: boolean;
  /** Separates what two people on one device have stored. */
  readonly key: string;
  readonly #page: PageName;
  readonly #name: string | null;
  readonly #given: string | null;
  readonly #storage: Storage;

  constructor(page: PageName) {
    this.#page = page;
    this.#name = page === 'watch' ? new URLSearchParams(location.search).get('as') : null;
    this.key = `giftwave.${page}.${this.#name ?? ''}`;
    this.#given = tokenFromFragment(location.hash) ?? this.#takeKept();
    this.isDemo = this.#given === null;
    // A viewer comes back tomorrow as the same person; a creator's token goes with its tab.
    this.#storage = page === 'watch' ? localStorage : sessionStorage;
  }

  /** The page is about to be left for an address that must not carry its token: note it for the way back, in this tab alone. */
  keepForReturn(): void {
    if (this.#given !== null) sessionStorage.setItem(`${this.key}.given`, this.#given);
  }

  /** The token from before the page was left, back in the address where a reload finds it. */
  #takeKept(): string | null {
    const kept = sessionStorage.getItem(`${this.key}.given`);
    sessionStorage.removeItem(`${this.key}.given`);
    if (kept !== null) history.replaceState(null, '', `${location.pathname}${location.search}#${new URLSearchParams({ token: kept }).toString()}`);
    return kept;
  }

  token: TokenProvider = async ({ expired }) => {
    if (this.#given !== null) return this.#given;
    const stored = this.#stored();
    if (stored && !expired && stored.expires_at_ms > Date.now() + FRESH_FOR_MS) return stored.token;
    return this.#open(stored);
  };

  /** The server no longer accepts the remembered token, for example because its data was wiped. True where there was one. */
  forget(): boolean {
    const stored = this.#stored();
    this.#storage.removeItem(this.key);
    return stored !== null && this.isDemo;
  }

  async #open(previous: DemoSession | null): Promise<string> {
    const body = { role: ROLES[this.#page], ...(this.#name ? { name: this.#name } : {}), ...(previous ? { previous_token: previous.token } : {}) };
    try {
      const session = await callApi<DemoSession>('/v1/demo/session', { method: 'POST', body });
      this.#storage.setItem(this.key, JSON.stringify(session));
      return session.token;
    } catch (error) {
      if (!(error instanceof GiftwaveError) || error.retryable) throw error;
      if (previous && this.forget()) return this.#open(null);
      throw new GiftwaveError({ code: error.code, message: NOT_A_DEMO, retryable: false });
    }
  }

  #stored(): DemoSession | null {
    const stored = this.#storage.getItem(this.key);
    if (stored === null) return null;
    try {
      return JSON.parse(stored) as DemoSession;
    } catch {
      return null;
    }
  }
}
