/** What a test knows of a browser, whoever drives it. */

export type EngineName = 'chromium' | 'firefox' | 'webkit';

export interface EngineOptions {
  /** A folder whose profile outlives the browser. Without one nothing is kept. */
  readonly profile?: string;
  /** Every page in a private window; Chromium and WebKit without a profile are that anyway. */
  readonly privateWindow?: boolean;
  /** How much all sites together may store, in KiB. Firefox alone can be told. */
  readonly storageLimitKiB?: number;
}

export interface PageOptions {
  /** JavaScript that runs before the page's own, on every load. WebKit's driver cannot. */
  readonly init?: string;
}

/** A running browser. Its pages share one profile; pages are gone after a restart. */
export interface EngineBrowser {
  readonly name: EngineName;
  /** As `153.7`. */
  readonly version: string;
  /** A page of its own, at an address. */
  openPage(url: string, options?: PageOptions): Promise<EnginePage>;
  /** Ends the browser as a person does, and starts it on the same profile. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface EnginePage {
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** To the page before. In Firefox a page that came out of the back/forward cache can be asked and closed, no more. */
  back(): Promise<void>;
  /**
   * Runs a function in the page, with `importModule` in its reach; what it gives and takes goes through JSON.
   * @throws what it threw, as an `Error` of that name and message.
   */
  evaluate<Result, Given extends readonly unknown[]>(
    run: (...given: Given) => Result | Promise<Result>,
    ...given: Given
  ): Promise<Awaited<Result>>;
  /** What its console and its policy objected to since it was opened; undefined where the driver does not tell. */
  complaints(): readonly string[] | undefined;
  close(): Promise<void>;
}

/** What a driver brings; {@link pageOf} makes the rest of it. */
export interface DrivenPage {
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** The value of an expression, awaited; a text. */
  ask(expression: string): Promise<string>;
  complaints(): readonly string[] | undefined;
  close(): Promise<void>;
}

/** Longest that one question may take a page: a hang in it fails the test that asked, not all after it. */
export const ASK_LIMIT_MS = 50_000;

/** Turns function, arguments and answer into text and back, in one way for all drivers. */
export function pageOf(driven: DrivenPage): EnginePage {
  const page: EnginePage = {
    open: (url) => driven.open(url),
    reload: () => driven.reload(),
    complaints: () => driven.complaints(),
    close: () => driven.close(),
    async evaluate(run, ...given) {
      const text = await driven.ask(`(async () => {
        const importModule = (url) => import(url);
        try {
          return JSON.stringify({ value: await (${run})(...${JSON.stringify(given)}) });
        } catch (thrown) {
          const { name = 'Error', message = String(thrown), code = '' } = thrown ?? {};
          return JSON.stringify({ name, message: code === '' ? message : code + ': ' + message });
        }
      })()`);
      const answer = JSON.parse(text);
      if (!('name' in answer)) return answer.value;
      throw Object.assign(new Error(answer.message), { name: answer.name });
    },
    async back() {
      const from = await page.evaluate(() => {
        setTimeout(() => history.back());
        return location.href;
      });
      // A question may meet the page while it goes.
      const arrived = () => page.evaluate((left) => location.href !== left && document.readyState === 'complete', from).catch(() => false);
      while (!(await arrived())) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
  return page;
}

/** Tells complaints in the way of {@link EnginePage.complaints}: put into each page before its own scripts. */
export const TELL_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('policy: ' + event.effectiveDirective + ' ' + event.blockedURI + ' at ' + event.sourceFile + ':' + event.lineNumber);
});`;
