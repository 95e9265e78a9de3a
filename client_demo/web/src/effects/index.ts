import { aurora } from './aurora';
import { balloon } from './balloon';
import { bouquet } from './bouquet';
import { bubbles } from './bubbles';
import { castle } from './castle';
import { clap } from './clap';
import { coffee } from './coffee';
import { confetti } from './confetti';
import { disco } from './disco';
import { donut } from './donut';
import { dragon } from './dragon';
import { fireworks } from './fireworks';
import { galaxy } from './galaxy';
import { guitar } from './guitar';
import { lanterns } from './lanterns';
import { paws } from './paws';
import { phoenix } from './phoenix';
import { plane } from './plane';
import { racer } from './racer';
import { rocket } from './rocket';
import { rose } from './rose';
import { snowglobe } from './snowglobe';
import { star } from './star';
import { treasure } from './treasure';
import { whale } from './whale';
import type { Effect } from './types';

export type { Effect, EffectContext } from './types';

const all: readonly Effect[] = [
  rose, clap, coffee, star, balloon,
  donut, paws, bubbles, plane, bouquet,
  confetti, disco, lanterns, guitar, snowglobe,
  fireworks, racer, treasure, whale, aurora,
  rocket, dragon, castle, phoenix, galaxy,
];

/** Every effect by its id; the catalogue's `effect` names one of these. */
export const effects: ReadonlyMap<string, Effect> = new Map(all.map((effect) => [effect.id, effect]));
