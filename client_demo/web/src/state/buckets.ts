import type { CreatorLine, EarningsView } from '../sdk';

export type BucketId = 'pending' | 'held' | 'available' | 'in_transit' | 'paid';

export interface Bucket {
  id: BucketId;
  label: string;
  units: number;
  /** Of all buckets, 0..1; nothing where the bucket is below zero. */
  share: number;
}

const LABELS: readonly [BucketId, string][] = [
  ['pending', 'Pending'],
  ['held', 'Held'],
  ['available', 'Available'],
  ['in_transit', 'In transit'],
  ['paid', 'Paid out'],
];

/** Where a creator's earnings are, in the order that they pass through. */
export function bucketsOf(view: EarningsView): Bucket[] {
  const units: Record<BucketId, number> = {
    pending: view.pending_units,
    held: view.held_units,
    available: view.available_units,
    in_transit: view.in_transit_units,
    paid: view.paid_units,
  };
  const shares = sharesOf(LABELS.map(([id]) => units[id]));
  return LABELS.map(([id, label], index) => ({ id, label, units: units[id], share: shares[index] ?? 0 }));
}

/** Parts of a bar, 0..1; what is below zero has none. */
export function sharesOf(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  return values.map((value) => (total === 0 ? 0 : Math.max(0, value) / total));
}

export interface Split {
  creator: number;
  platform: number;
  provider: number;
}

/** Where the money of one gift went; `platform` is what was left to the platform after the payment provider. Null for what is no gift. */
export function splitOf({ price_units, creator_units, platform_units, provider_fee_units }: Pick<CreatorLine, 'price_units' | 'creator_units' | 'platform_units' | 'provider_fee_units'>): Split | null {
  if (price_units === null || creator_units === null || platform_units === null) return null;
  const provider = provider_fee_units ?? 0;
  return { creator: creator_units, platform: platform_units - provider, provider };
}
