import type { ComponentChildren, JSX } from 'preact';

function Line({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const GearIcon = (): JSX.Element => (
  <Line>
    <path d="M3 6h8M15 6h2M3 14h2M9 14h8" />
    <circle cx="13" cy="6" r="2" />
    <circle cx="7" cy="14" r="2" />
  </Line>
);

export const CloseIcon = (): JSX.Element => (
  <Line>
    <path d="m5.5 5.5 9 9m0-9-9 9" />
  </Line>
);

export const CopyIcon = (): JSX.Element => (
  <Line>
    <rect x="7" y="7" width="9.5" height="9.5" rx="2" />
    <path d="M13 4.5A1.5 1.5 0 0 0 11.5 3.500H5A1.5 1.5 0 0 0 3.5 5v6.500A1.5 1.5 0 0 0 5 13" />
  </Line>
);

export const FansIcon = (): JSX.Element => (
  <Line>
    <circle cx="7.5" cy="7" r="3" />
    <path d="M2.5 16c.4-3 2.3-4.5 5-4.500s4.6 1.5 5 4.500M13 4.200a3 3 0 0 1 0 5.600M14.8 12c1.6.6 2.5 1.9 2.7 4" />
  </Line>
);

export const GiftIcon = (): JSX.Element => (
  <Line>
    <rect x="3" y="7" width="14" height="3.5" rx="1" />
    <path d="M4.5 10.500v5a1.5 1.5 0 0 0 1.5 1.500h8a1.5 1.5 0 0 0 1.5-1.500v-5M10 7v10M10 7C8.5 7 5.5 6.7 5.5 4.7 5.5 2.3 9.2 2.6 10 7Zm0 0c1.5 0 4.5-.3 4.5-2.300C14.5 2.3 10.8 2.6 10 7Z" />
  </Line>
);

export const OpenIcon = (): JSX.Element => (
  <Line>
    <path d="M8 4H5.500A1.5 1.5 0 0 0 4 5.500v9A1.5 1.5 0 0 0 5.5 16h9a1.5 1.5 0 0 0 1.5-1.500V12M11.5 4H16v4.500M16 4l-7 7" />
  </Line>
);

export const HistoryIcon = (): JSX.Element => (
  <Line>
    <path d="M5 3h10v14l-2.5-1.500L10 17l-2.500-1.500L5 17ZM8 7h4M8 10.500h4" />
  </Line>
);

export const LockIcon = (): JSX.Element => (
  <Line>
    <rect x="4" y="9" width="12" height="8" rx="2" />
    <path d="M7 9V6.500a3 3 0 0 1 6 0V9" />
  </Line>
);

export const CheckIcon = (): JSX.Element => (
  <Line>
    <path d="m4.500 10.500 3.500 3.500 7.500-8" />
  </Line>
);

export const AlertIcon = (): JSX.Element => (
  <Line>
    <circle cx="10" cy="10" r="7.500" />
    <path d="M10 6v5M10 13.800v.1" />
  </Line>
);

export const ClockIcon = (): JSX.Element => (
  <Line>
    <circle cx="10" cy="10" r="7.500" />
    <path d="M10 5.500V10l3 2" />
  </Line>
);

export const DownloadIcon = (): JSX.Element => (
  <Line>
    <path d="M10 3v9m0 0 3.500-3.500M10 12 6.500 8.500M4 16.500h12" />
  </Line>
);

export const CoinIcon = (): JSX.Element => (
  <svg class="coin" viewBox="0 0 20 20" aria-hidden="true">
    <circle cx="10" cy="10" r="9" fill="#f0a92e" />
    <circle cx="10" cy="9.4" r="8.4" fill="#ffcb57" />
    <circle cx="10" cy="9.4" r="6" fill="none" stroke="#d98f1c" stroke-width="1.2" opacity=".75" />
    <path d="M6.2 10.200c1.3-2.3 2.5-2.3 3.8 0s2.5 2.3 3.8 0" fill="none" stroke="#b8720d" stroke-width="1.7" stroke-linecap="round" />
  </svg>
);

export const GemIcon = (): JSX.Element => (
  <svg class="gem" viewBox="0 0 20 20" aria-hidden="true">
    <path d="M5.5 3h9L18.5 8 10 18 1.5 8Z" fill="#35b9d4" />
    <path d="M5.5 3h9l-1.8 5H7.300Z" fill="#b6f3fb" />
    <path d="M5.5 3 7.3 8H1.500ZM14.5 3l-1.8 5h5.800Z" fill="#7ee3f1" />
    <path d="M7.3 8h5.400L10 18Z" fill="#58cfe4" />
  </svg>
);

/** A box whose ribbon is a wave. */
export const Logo = (): JSX.Element => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
    <defs>
      <linearGradient id="logo-fill" x1="0" y1="0" x2="1" y2="1">
        <stop offset="0" stop-color="#ff5d78" />
        <stop offset="1" stop-color="#ff9a5e" />
      </linearGradient>
    </defs>
    <rect x="1" y="1" width="30" height="30" rx="9" fill="url(#logo-fill)" />
    <path d="M1.5 18.500c4.8-7.5 9.6-7.5 14.5 0s9.7 7.5 14.5 0" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" />
    <path d="M16 1.500v11M16 24v6.5" stroke="#fff" stroke-width="3.2" stroke-linecap="round" opacity=".55" />
  </svg>
);
