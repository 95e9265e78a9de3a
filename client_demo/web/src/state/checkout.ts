import type { Checkout } from './buying';
import type { Session } from './session';

// What the provider adds to the address it sends the browser back to.
const TOPUP = 'topup';
const RESULT = 'result';

export interface Return {
  topup_id: string;
  /** The provider's word for what the fan did there; a hint, since anybody can type an address. */
  result: string | null;
}

/**
 * The browser's way to the provider and back. The address it comes back to never carries a token, which is nobody's business but ours:
 * the session keeps that in this tab until the return.
 */
export function browserCheckout(session: Session): Checkout {
  const note = `${session.key}.checkout`;
  return {
    returnUrl: (topupId) => {
      const url = new URL(location.href);
      url.hash = '';
      url.searchParams.delete(TOPUP);
      url.searchParams.delete(RESULT);
      // For for a fan who comes back with the browser's own button.
      sessionStorage.setItem(note, topupId);
      return url.href;
    },
    leave: (checkoutUrl) => {
      if (!/^https?:\/\//.test(checkoutUrl)) throw new Error('The payment provider gave an address that no browser should open.');
      session.keepForReturn();
      location.assign(checkoutUrl);
    },
  };
}

/** The purchase that this page comes back from, told once. */
export function checkoutReturn(session: Session): Return | null {
  const note = `${session.key}.checkout`;
  const url = new URL(location.href);
  const topupId = url.searchParams.get(TOPUP) ?? sessionStorage.getItem(note);
  const result = url.searchParams.get(RESULT);
  sessionStorage.removeItem(note);
  if (url.searchParams.has(TOPUP)) {
    url.searchParams.delete(TOPUP);
    url.searchParams.delete(RESULT);
    history.replaceState(null, '', url.href);
  }
  return topupId === null ? null : { topup_id: topupId, result };
}
