import { signal } from '@preact/signals';
import { callApi } from './api';

export interface Gift {
  id: string;
  name: string;
  price_coins: number;
  tier: number;
  combo: boolean;
  effect: string;
  still: string;
}

export interface Catalogue {
  revision: string;
  tiers: { tier: number; name: string }[];
  gifts: Gift[];
}

const EMPTY: Catalogue = { revision: '', tiers: [], gifts: [] };

export const catalogue = signal<Catalogue>(EMPTY);

let loading: Promise<void> | undefined;

/** Load the catalogue unless this revision is here already or on its way. @throws GiftwaveError */
export async function loadCatalogue(revision?: string): Promise<void> {
  if (revision !== undefined && catalogue.peek().revision === revision) return;
  loading ??= callApi<Catalogue>('/v1/catalogue')
    .then((loaded) => void (catalogue.value = loaded))
    .finally(() => (loading = undefined));
  await loading;
}

/** A gift that was taken out of the catalogue still happened, so it keeps a name. */
export function giftOf(id: string): Gift {
  return catalogue.value.gifts.find((gift) => gift.id === id) ?? { id, name: id, price_coins: 0, tier: 1, combo: false, effect: '', still: '' };
}

export function stillOf(gift: Gift): string {
  return gift.still === '' ? '' : `/gifts/${gift.still}.svg`;
}
