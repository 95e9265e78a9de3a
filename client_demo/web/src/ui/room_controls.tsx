import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { addressOf, type Lane } from '../state/address';
import type { Studio } from '../state/studio';
import { showToast } from '../state/toasts';
import { CopyIcon, OpenIcon } from './icons';
import { Segmented } from './parts';

const TITLE_MAX = 120;

/** Opens a room that is not open; a closed one keeps its title unless the creator writes another. */
export function OpenRoom({ studio }: { studio: Studio }): JSX.Element {
  const title = useSignal(studio.live.title.peek());
  const open = (event: Event): void => {
    event.preventDefault();
    void studio.open(title.value.trim() || studio.live.room);
  };
  return (
    <form class="card open-room" onSubmit={open}>
      <div>
        <h2>{studio.isMissing.value ? 'Your room is not open yet' : 'Your room is closed'}</h2>
        <p>Viewers can come in and send gifts once it is open.</p>
      </div>
      <input class="field" type="text" maxLength={TITLE_MAX} placeholder="Title of your stream" aria-label="Title of your stream" value={title.value} onInput={(event) => (title.value = event.currentTarget.value)} />
      <button type="submit" class="button button-primary" disabled={studio.isBusy.value} data-testid="open-room">
        Open the room
      </button>
    </form>
  );
}

export function CloseRoom({ studio }: { studio: Studio }): JSX.Element {
  const isAsking = useSignal(false);
  if (!isAsking.value) {
    return (
      <button type="button" class="button" data-testid="close-room" onClick={() => (isAsking.value = true)}>
        Close room
      </button>
    );
  }
  const close = (): void => {
    isAsking.value = false;
    void studio.close();
  };
  return (
    <span class="close-confirm" role="group" aria-label="Close the room for everyone?">
      <button type="button" class="button button-danger" data-testid="confirm-close-room" disabled={studio.isBusy.value} onClick={close}>
        Close for everyone
      </button>
      <button type="button" class="button button-quiet" onClick={() => (isAsking.value = false)}>
        Keep open
      </button>
    </span>
  );
}

const LANES = [
  { value: 'both', label: 'Everything' },
  { value: 'tray', label: 'Small gifts' },
  { value: 'stage', label: 'Big gifts' },
] as const;

/** The address for a browser source, ready to be pasted. */
export function OverlayLink({ room }: { room: string }): JSX.Element {
  const lane = useSignal<Lane>('both');
  const address = addressOf('overlay', room) + (lane.value === 'both' ? '' : `?lane=${lane.value}`);
  const copy = (): void => {
    navigator.clipboard.writeText(address).then(
      () => showToast({ kind: 'success', text: 'Overlay address copied. Paste it into a browser source of 1920 × 1080.' }),
      () => showToast({ kind: 'error', text: 'The browser did not allow copying; select the address and copy it yourself.' }),
    );
  };
  return (
    <div class="overlay-link">
      <p>Add this address to OBS as a browser source, 1920 × 1080.</p>
      <Segmented label="What the overlay shows" choices={LANES} value={lane.value} onChange={(value) => (lane.value = value)} />
      <code class="overlay-address">{address}</code>
      <div class="overlay-actions">
        <button type="button" class="button" onClick={copy} data-testid="copy-overlay">
          <CopyIcon /> Copy address
        </button>
        <a class="button button-quiet" href={address} target="_blank" rel="noreferrer">
          <OpenIcon /> Preview
        </a>
      </div>
    </div>
  );
}
