import { render, type ComponentChildren, type JSX } from 'preact';
import { Logo } from './icons';
import './tokens.css';
import './base.css';
import './controls.css';
import './shell.css';

export function TopBar({ isDemo, page, children }: { isDemo: boolean; page?: string; children?: ComponentChildren }): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label="Giftwave, start page">
        <Logo />
        <span class="brand-name">Giftwave</span>
      </a>
      {page !== undefined && <span class="top-page">{page}</span>}
      {isDemo && <span class="demo-chip">demo</span>}
      <div class="top-tools">{children}</div>
    </header>
  );
}

/** Put a page into its document. */
export function mount(page: JSX.Element): void {
  const root = document.getElementById('app');
  if (!root) throw new Error('This document has no #app.');
  render(page, root);
}
