import type { SavedFile } from '../state/statements';

/** Hand a text to the browser's downloads. */
export function saveFile({ name, text }: SavedFile): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after this task; a minute is long enough to start, and the memory is not kept for ever.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
