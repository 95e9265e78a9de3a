import type { GiftwaveClient, Recovered } from '../sdk';
import { giftOf } from './catalogue';
import { showError, showToast } from './toasts';

/** After a reload, find out what became of gifts that were on their way, and say so. */
export async function tellUnfinished(client: GiftwaveClient): Promise<void> {
  if (client.unfinished().length === 0) return;
  try {
    for (const gift of await client.recover()) tell(client, gift);
  } catch (error) {
    showError(error);
  }
}

function tell(client: GiftwaveClient, gift: Recovered): void {
  const name = giftOf(gift.order.gift).name;
  switch (gift.outcome) {
    case 'charged':
      return showToast({ kind: 'success', text: `Your ${name} from before the reload did go through.` });
    case 'refused':
      return showToast({ kind: 'info', text: `Your ${name} from before the reload was not sent: ${gift.error.message}` });
    case 'unreachable':
      return showToast({ kind: 'error', text: `It is not known yet whether your ${name} went through; reload to ask again.` });
    case 'undecided':
      return offerAgain(client, gift.intent_id, name);
  }
}

function offerAgain(client: GiftwaveClient, intentId: string, name: string): void {
  const resend = (): void => {
    client.resend(intentId).then(() => showToast({ kind: 'success', text: `Your ${name} was sent.` }), showError);
  };
  // Answered or not, the question is asked once: a gift of yesterday is not today's wish.
  setTimeout(() => client.drop(intentId), 30_000);
  showToast({ kind: 'info', text: `Your ${name} from before the reload was not sent; nothing was charged.`, action: { label: 'Send it now', run: resend } });
}
