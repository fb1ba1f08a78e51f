/** The prefixes of keys under which the weights cache keeps more than assets, which lie under their SHA-256. */

/** A version of a model: its name, assets and last use. */
export const RECORD_PREFIX = 'model:';
/** A passed golden test. */
export const GOLDEN_PREFIX = 'golden:';
/** The outcome of autotuning. */
export const CHOICE_PREFIX = 'choice:';
/** First runs that have begun and not ended. */
export const CRASH_PREFIX = 'crash:';
