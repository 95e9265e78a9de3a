import { batch, signal } from '@preact/signals';
import { GiftwaveClient, type Balance, type Earnings, type Fan, type GiftEvent, type Room, type RoomEvent, type Snapshot, type StateChange, type Totals, type Welcome } from '../sdk';
import { loadCatalogue } from './catalogue';
import { addGap, addToFeed, type FeedItem } from './feed';
import type { Session } from './session';
import { showError } from './toasts';

const TOP_FANS_MAX = 10;
const CLOSE_BAD_TOKEN = 4001;

/** One room on screen: what the SDK knows, as signals. */
export class LiveRoom {
  readonly client: GiftwaveClient;
  readonly connection = signal<StateChange>({ state: 'connecting' });
  readonly user = signal<Welcome['user'] | null>(null);
  readonly wallet = signal<Balance | null>(null);
  readonly earnings = signal<Earnings | null>(null);
  readonly title = signal('');
  readonly creator = signal<Snapshot['creator'] | null>(null);
  readonly state = signal<Snapshot['state'] | null>(null);
  readonly totals = signal<Totals>({ coins: 0, gifts: 0, fans: 0 });
  readonly topFans = signal<readonly Fan[]>([]);
  readonly feed = signal<readonly FeedItem[]>([]);
  readonly hasSimulated = signal(false);
  /** Why there is no room on screen. */
  readonly problem = signal<string | null>(null);
  readonly #session: Session;
  #epoch = '';

  constructor(readonly room: string, session: Session, clientName: string) {
    this.#session = session;
    this.client = new GiftwaveClient({
      url: location.origin,
      token: session.token,
      client_name: clientName,
      storage: localStorage,
      storage_key: `${session.key}.unfinished`,
    });
    this.#listen();
  }

  /** Connect and follow the room; what goes wrong is shown, because a page has nobody to throw at. */
  async start(resume?: { epoch: string; offset: number }): Promise<void> {
    if (await this.connect()) await this.#join(resume);
  }

  /** True once connected; false where trying on is pointless, which `connection` explains. */
  async connect(): Promise<boolean> {
    try {
      const { catalogue_revision } = await this.client.connect().catch((error: unknown) => this.#connectAnew(error));
      // Names and tiers before events: a gift that is not known yet would be shown in the wrong place.
      await loadCatalogue(catalogue_revision).catch(showError);
      return true;
    } catch {
      return false;
    }
  }

  /** The room was opened (again): what is on screen is of its last life. */
  async rejoin(): Promise<void> {
    this.client.leave(this.room);
    await this.#join();
  }

  async #join(resume?: { epoch: string; offset: number }): Promise<void> {
    try {
      await this.client.join(this.room, resume);
      this.problem.value = null;
    } catch (error) {
      if (this.connection.peek().state !== 'closed') this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  #connectAnew(error: unknown): Promise<Welcome> {
    const isStale = this.connection.peek().close_code === CLOSE_BAD_TOKEN && this.#session.forget();
    if (!isStale) throw error;
    return this.client.connect();
  }

  #listen(): void {
    const { client } = this;
    client.on('state', (change) => (this.connection.value = change));
    client.on('welcome', (welcome) => {
      this.user.value = welcome.user;
      void loadCatalogue(welcome.catalogue_revision).catch(showError);
    });
    client.on('wallet', (wallet) => (this.wallet.value = wallet));
    client.on('earnings', (earnings) => (this.earnings.value = earnings));
    client.on('joined', ({ room, joined }) => this.#show(room, joined.snapshot.recent));
    client.on('batch', ({ room, events }) => this.#show(room, events));
    client.on('gap', ({ epoch, from, to }) => {
      // Before the first answer nothing was on screen that could have a hole.
      if (this.#epoch !== '') this.feed.value = addGap(this.feed.peek(), epoch, from, to);
    });
    client.on('error', (error) => {
      // What is refused before the welcome ends the connection, which the page explains where it stands.
      if (this.connection.peek().state === 'live') showError(error);
    });
  }

  #show(room: Room, events: readonly RoomEvent[]): void {
    batch(() => {
      this.#epoch = room.epoch ?? this.#epoch;
      this.title.value = room.title;
      this.creator.value = room.creator;
      this.state.value = room.state;
      this.totals.value = room.totals;
      this.topFans.value = room.topFans(TOP_FANS_MAX);
      this.feed.value = addToFeed(this.feed.peek(), this.#epoch, events);
      if (!this.hasSimulated.peek() && events.some(isSimulated)) this.hasSimulated.value = true;
    });
  }
}

function isSimulated(event: RoomEvent): event is GiftEvent {
  return event.type === 'gift' && event.sender.simulated === true;
}
