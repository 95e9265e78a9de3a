import { balloon } from './balloon';
import { bouquet } from './bouquet';
import { bubbles } from './bubbles';
import { clap } from './clap';
import { coffee } from './coffee';
import { donut } from './donut';
import { paws } from './paws';
import { plane } from './plane';
import { rose } from './rose';
import { star } from './star';
import type { Effect } from './types';

export type { Effect, EffectContext } from './types';

const all: readonly Effect[] = [rose, clap, coffee, star, balloon, donut, paws, bubbles, plane, bouquet];

/** Every effect by its id; the catalogue's `effect` names one of these. */
export const effects: ReadonlyMap<string, Effect> = new Map(all.map((effect) => [effect.id, effect]));
