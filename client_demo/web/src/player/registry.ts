import type { Effect } from '../effects';

let loading: Promise<ReadonlyMap<string, Effect>> | undefined;

/** The effects are the largest part of a page and none is needed before the first gift, so they load on their own. */
export function loadEffects(): Promise<ReadonlyMap<string, Effect>> {
  loading ??= import('../effects').then(({ effects }) => effects);
  return loading;
}

const stills = new Map<string, Promise<HTMLImageElement | null>>();

/** The gift's picture, or null where it cannot be loaded: an effect can be drawn without it. */
export function loadStill(url: string): Promise<HTMLImageElement | null> {
  if (url === '') return Promise.resolve(null);
  const known = stills.get(url) ?? fetchStill(url);
  stills.set(url, known);
  return known;
}

async function fetchStill(url: string): Promise<HTMLImageElement | null> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}
