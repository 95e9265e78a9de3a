import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { browserCheckout, checkoutReturn } from '../src/state/checkout';
import { Session } from '../src/state/session';
import { memoryStorage } from './peer';

let visited: string[];

/** The page is loaded at `address`; the tab's storage stays. */
function load(address: string): void {
  const url = new URL(address);
  vi.stubGlobal('location', { href: url.href, pathname: url.pathname, search: url.search, hash: url.hash, assign: (next: string) => visited.push(next) });
}

function tabStorage(): Storage {
  const storage = memoryStorage();
  const gone = new Set<string>();
  return {
    getItem: (key: string) => (gone.has(key) ? null : storage.getItem(key)),
    setItem: (key: string, value: string) => (gone.delete(key), storage.setItem(key, value)),
    removeItem: (key: string) => void gone.add(key),
  } as unknown as Storage;
}

beforeEach(() => {
  visited = [];
  vi.stubGlobal('sessionStorage', tabStorage());
  vi.stubGlobal('localStorage', tabStorage());
  vi.stubGlobal('history', { replaceState: (_state: unknown, _title: string, address: string) => load(new URL(address, 'https://gifts.example').href) });
});

afterEach(() => vi.unstubAllGlobals());

describe('the way to the checkout and back', () => {
  it('comes back to this page and never tells the provider the token', () => {
    load('https://gifts.example/watch/lounge?as=Ben&topup=old&result=paid#token=secret.token');

    const address = browserCheckout(new Session('watch')).returnUrl('topup-1');

    expect(address).toBe('https://gifts.example/watch/lounge?as=Ben');
  });

  it('keeps a given token in this tab, and puts it back where a reload finds it', async () => {
    load('https://gifts.example/watch/lounge#token=secret.token');
    const before = browserCheckout(new Session('watch'));
    before.leave('https://pay.example/c/1');
    expect(visited).toEqual(['https://pay.example/c/1']);

    load('https://gifts.example/watch/lounge?topup=topup-1');
    const after = new Session('watch');

    expect([after.isDemo, await after.token({ expired: false })]).toEqual([false, 'secret.token']);
    expect(location.href).toBe('https://gifts.example/watch/lounge?topup=topup-1#token=secret.token');
  });

  it('tells a return once, whether the provider or the browser’s own button brought it about', () => {
    load('https://gifts.example/watch/lounge');
    const session = new Session('watch');
    expect(checkoutReturn(session)).toBeNull();

    browserCheckout(session).returnUrl('topup-1');
    expect([checkoutReturn(session), checkoutReturn(session)]).toEqual([{ topup_id: 'topup-1', result: null }, null]);

    load('https://gifts.example/watch/lounge?topup=topup-2&as=Ben&result=cancelled');
    expect([checkoutReturn(session), location.href]).toEqual([{ topup_id: 'topup-2', result: 'cancelled' }, 'https://gifts.example/watch/lounge?as=Ben']);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', '/elsewhere'])('does not follow %s', (address) => {
    load('https://gifts.example/watch/lounge');

    expect(() => browserCheckout(new Session('watch')).leave(address)).toThrow('no browser should open');
    expect(visited).toEqual([]);
  });
});
