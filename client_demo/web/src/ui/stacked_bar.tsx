import type { JSX } from 'preact';
import './stacked_bar.css';

export interface BarPart {
  id: string;
  /** 0..1 */
  share: number;
}

const WIDTH = 1_000;

/** Shares of a whole as one bar; `part-<id>` gives each its colour. */
export function StackedBar({ parts, label, isSmall = false }: { parts: readonly BarPart[]; label: string; isSmall?: boolean }): JSX.Element {
  let at = 0;
  return (
    <svg class={isSmall ? 'stacked-bar is-small' : 'stacked-bar'} viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map(({ id, share }) => {
        const width = Math.round(share * WIDTH);
        const x = at;
        at += width;
        return width === 0 ? null : <rect key={id} class={`part-${id}`} x={x} y="0" width={width} height="10" />;
      })}
    </svg>
  );
}
