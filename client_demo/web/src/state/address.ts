// What the address of a page says. The server serves /watch/{room}, /studio/{room} and /overlay/{room}.

export const DEMO_ROOM = 'lounge';

export type PageName = 'watch' | 'studio' | 'overlay';

export function roomFromPath(path: string): string {
  const room = path.split('/').filter(Boolean)[1];
  return room === undefined ? DEMO_ROOM : decodeURIComponent(room);
}

export function tokenFromFragment(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token');
}

export function addressOf(page: PageName, room: string): string {
  return `${location.origin}/${page}/${encodeURIComponent(room)}`;
}

export type Lane = 'tray' | 'stage' | 'both';

const SCALE_MIN = 0.25;
const SCALE_MAX = 4;

export interface OverlayOptions {
  lane: Lane;
  scale: number;
}

export function overlayOptions(query: string): OverlayOptions {
  const fields = new URLSearchParams(query);
  const lane = fields.get('lane');
  const scale = Number(fields.get('scale') ?? '1');
  return {
    lane: lane === 'tray' || lane === 'stage' ? lane : 'both',
    scale: Number.isFinite(scale) && scale > 0 ? Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale)) : 1,
  };
}
