import type { JSX } from 'preact';
import { DEMO_ROOM, type PageName } from '../state/address';
import { mount, TopBar } from '../ui/shell';
import './landing.css';

interface Door {
  page: PageName;
  title: string;
  words: string;
  still: string;
  tier: number;
}

const DOORS: readonly Door[] = [
  { page: 'watch', title: 'Watch', words: 'Join as a viewer with demo coins, tap a rose, and see it land on every screen.', still: 'rose', tier: 2 },
  { page: 'studio', title: 'Creator dashboard', words: 'Follow gifts, top fans and diamonds while they come in.', still: 'treasure', tier: 5 },
  { page: 'overlay', title: 'OBS overlay', words: 'The gifts alone, on a transparent page, for a browser source.', still: 'fireworks', tier: 4 },
];

const PROMISES = [
  { title: 'Charged once', words: 'A gift keeps its id over retries, reloads and lost connections, so it is paid for at most once.' },
  { title: 'Nothing missed', words: 'Events are numbered. A client that comes back resumes where it stopped, and a gap is announced.' },
  { title: 'Yours to run', words: 'One server, no third party. The protocol is documented, with a TypeScript and a Python SDK.' },
] as const;

function Landing(): JSX.Element {
  return (
    <>
      <TopBar isDemo={false}>
        <a class="button button-quiet" href="/v1/openapi.json">
          API
        </a>
      </TopBar>
      <main class="landing">
        <section class="hero">
          <div class="hero-words">
            <h1>Virtual gifts for live streams, on your own server.</h1>
            <p>Giftwave takes the coins, credits the creator and shows every gift to the whole room within a blink.</p>
            <div class="hero-actions">
              <a class="button button-primary" href={`/watch/${DEMO_ROOM}`}>
                Watch the demo stream
              </a>
              <a class="button" href={`/studio/${DEMO_ROOM}`}>
                Open the dashboard
              </a>
            </div>
          </div>
          <Bouquet />
        </section>
        <nav class="doors" aria-label="The demo room">
          {DOORS.map((door) => (
            <a key={door.page} class="card door" href={`/${door.page}/${DEMO_ROOM}`} data-tier={door.tier}>
              <img src={`/gifts/${door.still}.svg`} alt="" width="72" height="72" />
              <h2>{door.title}</h2>
              <p>{door.words}</p>
            </a>
          ))}
        </nav>
        <ul class="promises">
          {PROMISES.map(({ title, words }) => (
            <li key={title}>
              <h3>{title}</h3>
              <p>{words}</p>
            </li>
          ))}
        </ul>
      </main>
    </>
  );
}

const BOUQUET = ['galaxy', 'rose', 'whale', 'balloon', 'dragon', 'donut', 'rocket', 'star', 'guitar'] as const;

function Bouquet(): JSX.Element {
  return (
    <div class="bouquet" aria-hidden="true">
      {BOUQUET.map((still) => (
        <img key={still} src={`/gifts/${still}.svg`} alt="" width="96" height="96" />
      ))}
    </div>
  );
}

mount(<Landing />);
