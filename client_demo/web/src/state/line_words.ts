import type { CreatorLine, FanLine } from '../sdk';
import { giftOf } from './catalogue';
import { formatWhole, inWords } from './format';
import { formatMoney } from './money';

/** What a line of a statement was, in a few words. A kind that this version does not know is named as the server names it. */
export function fanLineWords(line: FanLine): string {
  switch (line.kind) {
    case 'gift':
      return giftWords(line);
    case 'gift_refund':
      return `Refund: ${giftWords(line)}`;
    case 'topup':
      return 'Coins bought';
    case 'grant':
      return 'Coins given to you';
    case 'coin_refund':
      return 'Coins given back';
    case 'chargeback':
      return 'Payment taken back';
    case 'chargeback_reversed':
      return 'Payment restored';
    default:
      return inWords(line.kind);
  }
}

/** Where or for how much. */
export function fanLineDetail({ creator, room, price_minor, currency }: FanLine): string {
  if (price_minor !== null && currency !== null) return formatMoney(price_minor, currency);
  return [creator === null ? null : `to ${creator}`, room === null ? null : `in ${room}`].filter((part) => part !== null).join(' ');
}

export function creatorLineWords(line: CreatorLine): string {
  if (line.kind === 'gift') return giftWords(line);
  if (line.kind === 'gift_refund') return `Refund: ${giftWords(line)}`;
  return inWords(line.kind);
}

function giftWords({ gift, count }: { gift: string | null; count: number | null }): string {
  const name = gift === null ? 'Gift' : giftOf(gift).name;
  return count !== null && count > 1 ? `${name} ×${formatWhole(count)}` : name;
}
