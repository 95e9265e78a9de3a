/** What the SDK needs from the world; browsers and Node 20 have all of it but Node's WebSocket. Tests pass their own. */
export interface Environment {
  WebSocket: SocketConstructor;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  random: () => number;
}

export interface Clock {
  nowMs(): number;
  setTimeout(run: () => void, delayMs: number): TimerId;
  clearTimeout(id: TimerId): void;
}

export type TimerId = unknown;

/** The part of the standard WebSocket that is used here; the `ws` package has it too. */
export interface Socket {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

/** Where unfinished gifts survive a crash; `localStorage` is one. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimeout: (run, delayMs) => globalThis.setTimeout(run, delayMs),
  clearTimeout: (id) => globalThis.clearTimeout(id as ReturnType<typeof globalThis.setTimeout>),
};

/** @throws Error where there is no WebSocket and none was given. */
export function environmentFrom(given: Partial<Environment>): Environment {
  const socket = given.WebSocket ?? (globalThis.WebSocket as unknown as SocketConstructor | undefined);
  if (!socket) throw new Error('This runtime has no WebSocket; pass one, for example the one of the "ws" package.');
  return {
    WebSocket: socket,
    // Unbound, `fetch` refuses to run in browsers ("Illegal invocation").
    fetch: given.fetch ?? globalThis.fetch.bind(globalThis),
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  };
}
