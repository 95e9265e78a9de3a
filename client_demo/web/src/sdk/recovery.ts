import type { Clock } from './environment';
import { GiftwaveError } from './errors';
import type { GiftAck } from './messages';
import { isDecision } from './receipts';
import type { UnfinishedGift } from './unfinished';

/** What became of an unfinished gift. */
export type Recovered = UnfinishedGift &
  (
    | { outcome: 'charged'; receipt: GiftAck }
    | { outcome: 'refused'; error: GiftwaveError }
    /** The server never decided it: nothing was charged, and it may be sent again under the same intent. */
    | { outcome: 'undecided' }
    /** The server could not be asked; still unfinished. */
    | { outcome: 'unreachable'; error: GiftwaveError }
  );

export interface RecoverySource {
  clock: Clock;
  serverNowMs(): number;
  receipt(intentId: string): Promise<GiftAck>;
  onDecided(intentId: string): void;
}

// A frame that left just before a reload may still be on its way: "not decided" counts only when asked again a little later.
const YOUNG_MS = 10_000;
const SECOND_LOOK_MS = 2_000;

export async function recoverGifts(gifts: UnfinishedGift[], source: RecoverySource): Promise<Recovered[]> {
  const recovered = await askAll(gifts, source);
  const doubtful = recovered.filter((gift) => gift.outcome === 'undecided' && source.serverNowMs() - gift.made_at_ms < YOUNG_MS);
  if (doubtful.length === 0) return recovered;
  await new Promise<void>((resolve) => void source.clock.setTimeout(resolve, SECOND_LOOK_MS));
  const again = new Map((await askAll(doubtful, source)).map((gift) => [gift.intent_id, gift]));
  return recovered.map((gift) => again.get(gift.intent_id) ?? gift);
}

/** One after the other: there are few, and a burst of questions would count against the rate limit of the next gift. */
async function askAll(gifts: UnfinishedGift[], source: RecoverySource): Promise<Recovered[]> {
  const recovered: Recovered[] = [];
  for (const { intent_id, order, made_at_ms } of gifts) {
    recovered.push(await askOne({ intent_id, order, made_at_ms }, source));
  }
  return recovered;
}

async function askOne(gift: UnfinishedGift, source: RecoverySource): Promise<Recovered> {
  try {
    const receipt = await source.receipt(gift.intent_id);
    source.onDecided(gift.intent_id);
    return { ...gift, outcome: 'charged', receipt };
  } catch (error) {
    if (!(error instanceof GiftwaveError)) throw error;
    if (error.code === 'unknown_intent') return { ...gift, outcome: 'undecided' };
    if (!isDecision(error)) return { ...gift, outcome: 'unreachable', error };
    source.onDecided(gift.intent_id);
    return { ...gift, outcome: 'refused', error };
  }
}
