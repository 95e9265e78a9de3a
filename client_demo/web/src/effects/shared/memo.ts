// Every entry is immutable once made. 384 holds the sprites of all effects (about 120)
// and the particles of the last few dozen gifts; past that the oldest goes and is simply made again.
const ENTRIES_MAX = 384;
const entries = new Map<string, unknown>();

/** The value made for `key`, remembered within a bound. `make` must depend on nothing but the key. */
export function memo<T>(key: string, make: () => T): T {
  const known = entries.get(key);
  if (known !== undefined) return known as T;
  const made = make();
  if (entries.size >= ENTRIES_MAX) {
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }
  entries.set(key, made);
  return made;
}
