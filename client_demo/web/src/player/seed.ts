/** 32-bit FNV-1a: the same event draws the same picture on every screen. */
export function seedOf(eventId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < eventId.length; index += 1) {
    hash = Math.imul(hash ^ eventId.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
