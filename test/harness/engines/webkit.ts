/**
 * WebKitGTK's MiniBrowser through classic WebDriver. Its driver knows neither init scripts nor what the console says;
 * policy reports reach the site all the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { Builder, Capabilities, type WebDriver } from 'selenium-webdriver';
import { findWebKit } from '../../../scripts/browsers.mjs';
import { preloadable } from '../preload.js';
import { ASK_LIMIT_MS, type DrivenPage, type EngineBrowser, type EngineOptions, pageOf } from './engine.js';

/** Under automation it keeps no profile, as a private window; with this it does. */
const keeping = preloadable('webkit-profile');

/** Whether a profile can be kept here. */
export const webKitKeepsProfile = keeping !== undefined;

export async function launchWebKit({ profile }: EngineOptions): Promise<EngineBrowser> {
  const found = findWebKit();
  if (found === undefined) throw new Error('No WebKit here: install webkit2gtk-driver and xvfb, or set PANNIER_WEBKIT and PANNIER_XVFB.');
  if (profile !== undefined && keeping === undefined) throw new Error('WebKit keeps a profile on a Linux with a C compiler alone.');
  const screen = await startScreen(found.display);
  const start = () => startSession(found.driver, screen.display, profile);
  let session = await start();
  return {
    name: 'webkit',
    version: String((await session.driver.getCapabilities()).get('browserVersion')),
    async openPage(url, { init } = {}) {
      if (init !== undefined) throw new Error('WebKit’s driver has no init scripts: put it into the page.');
      const { driver, first, inTurn } = session;
      const handle = await inTurn(async () => {
        // The session's own window may be of a page that was closed. A new tab would be hidden, and hold trials and frames back.
        await driver.switchTo().window(first);
        await driver.switchTo().newWindow('window');
        return driver.getWindowHandle();
      });
      const page = tab(driver, <Result>(use: () => Promise<Result>) =>
        inTurn(async () => {
          await driver.switchTo().window(handle);
          return use();
        }),
      );
      await page.open(url);
      return pageOf(page);
    },
    async restart() {
      if (profile === undefined) throw new Error('A browser without a profile has nothing to restart on.');
      await session.end();
      session = await start();
    },
    async close() {
      await session.end();
      await ended(screen.process);
    },
  };
}

interface Session {
  readonly driver: WebDriver;
  /** The window that it came with. */
  readonly first: string;
  readonly inTurn: InTab;
  end(): Promise<void>;
}

async function startSession(program: string, display: string, profile: string | undefined): Promise<Session> {
  const port = await freePort();
  const env = { ...process.env };
  if (profile !== undefined) {
    env['WEBKIT_PROFILE'] = profile;
    env['LD_PRELOAD'] = [env['LD_PRELOAD'], keeping].filter(Boolean).join(':');
  }
  const service = spawn(program, [`--port=${port}`], {
    stdio: 'ignore',
    // Its sandbox wants rights that a container does not give.
    env: { ...env, DISPLAY: display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  });
  await answers(`http://127.0.0.1:${port}/status`);
  // Its driver waits for ever for a browser that has ended; its end ends the waiting.
  const limit = setTimeout(() => service.kill(), ASK_LIMIT_MS);
  const starting = new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(new Capabilities({ browserName: 'MiniBrowser' }));
  const driver = await Promise.resolve(starting.build()).finally(() => clearTimeout(limit));
  await driver.manage().setTimeouts({ script: ASK_LIMIT_MS });
  return {
    driver,
    first: await driver.getWindowHandle(),
    inTurn: turns(),
    async end() {
      await driver.quit();
      await ended(service);
    },
  };
}

type InTab = <Result>(use: () => Promise<Result>) => Promise<Result>;

function tab(driver: WebDriver, here: InTab): DrivenPage {
  return {
    open: (to) => here(() => driver.get(to)),
    reload: () => here(() => driver.navigate().refresh()),
    ask: (expression) => here(() => driver.executeAsyncScript<string>(`${expression}.then(arguments[arguments.length - 1])`)),
    complaints: () => undefined,
    close: () => here(() => driver.close()),
  };
}

/** The session's window is one for all commands, so tabs take turns. */
function turns(): InTab {
  let last: Promise<unknown> = Promise.resolve();
  return (use) => {
    const mine = last.then(use);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** An X server on a display that it picks itself, and tells on descriptor 3. */
async function startScreen(program: string): Promise<{ process: ChildProcess; display: string }> {
  // Without -noreset it begins anew when its last client has gone, and may end the next browser in mid-start, which the driver waits for.
  const screen = spawn(program, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = (await once(screen.stdio[3] as Readable, 'data')) as [Buffer];
  return { process: screen, display: `:${number.toString().trim()}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => undefined))?.ok) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
