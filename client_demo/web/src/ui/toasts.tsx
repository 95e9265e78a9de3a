import type { JSX } from 'preact';
import { dismissToast, toasts } from '../state/toasts';
import { CloseIcon } from './icons';

export function Toasts(): JSX.Element {
  return (
    <div class="toasts">
      {toasts.value.map(({ id, kind, text, action }) => (
        <div key={id} class={`toast toast-${kind}`} role={kind === 'error' ? 'alert' : 'status'} data-testid="toast">
          <p>{text}</p>
          {action && (
            <button
              type="button"
              class="button"
              onClick={() => {
                action.run();
                dismissToast(id);
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismissToast(id)}>
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}
