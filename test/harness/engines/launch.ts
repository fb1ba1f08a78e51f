/** The three browser engines behind one handle. Who they are, ./engine.ts says. */
import { findChromium, findFirefox, findWebKit } from '../../../scripts/browsers.mjs';
import { launchChromium } from './chromium.js';
import type { EngineBrowser, EngineName, EngineOptions } from './engine.js';
import { launchFirefox } from './firefox.js';
import { launchWebKit, webKitKeepsProfile } from './webkit.js';

export type { EngineBrowser, EngineName, EngineOptions, EnginePage, PageOptions } from './engine.js';

const ENGINES = {
  chromium: { find: findChromium, launch: launchChromium },
  firefox: { find: findFirefox, launch: launchFirefox },
  webkit: { find: findWebKit, launch: launchWebKit },
};

export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];

/** Whether this machine has it. */
export const hasEngine = (name: EngineName): boolean => ENGINES[name].find() !== undefined;

/** Whether this machine can start it again on its profile. */
export const keepsProfile = (name: EngineName): boolean => name !== 'webkit' || webKitKeepsProfile;

/** Starts a browser; the caller closes it. */
export const launchEngine = (name: EngineName, options: EngineOptions = {}): Promise<EngineBrowser> => ENGINES[name].launch(options);
