import { signal } from '@preact/signals';

export interface Toast {
  id: number;
  kind: 'error' | 'info' | 'success';
  text: string;
  action?: { label: string; run(): void };
}

const TOASTS_MAX = 3;
const SHOWN_MS = 6_000;

export const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Show a sentence for a while; one that offers an action stays until it is answered. */
export function showToast(toast: Omit<Toast, 'id'>): void {
  const id = (lastId += 1);
  const others = toasts.peek().filter(({ text }) => text !== toast.text);
  toasts.value = [...others, { ...toast, id }].slice(-TOASTS_MAX);
  if (!toast.action) setTimeout(() => dismissToast(id), SHOWN_MS);
}

export function dismissToast(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

export function showError(error: unknown): void {
  showToast({ kind: 'error', text: error instanceof Error ? error.message : String(error) });
}
