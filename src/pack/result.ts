/** The result of a pack. */
import type { Manifest } from '../manifest/manifest.js';

/** A packed model, whether it was packed just now or lay there unchanged. */
export interface PackResult {
  /** Absolute path of the packed model's folder. */
  readonly out: string;
  /** The manifest as `model.js` exports it, with `file:` addresses. */
  readonly manifest: Manifest;
  /** Names of the packed files, sorted: all of the folder except `packed-from.json`. */
  readonly files: readonly string[];
  /** Bytes of the files that a visitor takes: our own graph is not among them, and of the engines' own files the largest alone counts. */
  readonly bytes: number;
  /** A line on each thing that was taken from the model's files or told from its shapes, without an option: labels, preprocessing, license. */
  readonly taken: readonly string[];
  /** Warnings that a developer should read before relying on the model, one sentence or two each. */
  readonly warnings: readonly string[];
  /** Whether any file on disk was changed. */
  readonly changed: boolean;
}
