import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { CloseIcon } from './icons';
import './dialog.css';

interface DialogProps {
  title: string;
  onClose(): void;
  testId: string;
  isWide?: boolean;
  children: ComponentChildren;
}

/** A modal dialog for as long as it is drawn: keeps the focus inside, gives it back, closes by Escape and by its backdrop. */
export function Dialog({ title, onClose, testId, isWide = false, children }: DialogProps): JSX.Element {
  const root = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = root.current;
    const opener = document.activeElement;
    dialog?.showModal();
    // Not at its first button, which is the one that closes it.
    dialog?.focus();
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={root}
      class={isWide ? 'dialog is-wide' : 'dialog'}
      aria-label={title}
      tabIndex={-1}
      data-testid={testId}
      // Also comes after the dialog was taken off the page, when there is nothing left to close.
      onClose={() => root.current && onClose()}
      onPointerDown={(event) => event.target === root.current && onClose()}
    >
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" data-testid="dialog-close" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <div class="dialog-body scrolls">{children}</div>
    </dialog>
  );
}

/** What went wrong, where it went wrong. */
export function Problem({ words }: { words: string | null }): JSX.Element | null {
  if (words === null) return null;
  return (
    <p class="notice problem" role="alert" data-testid="problem">
      {words}
    </p>
  );
}
