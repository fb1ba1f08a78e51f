/** Doubles of models, for an app's own tests: `pannier/testing`. */
export { type FakeFailure, type FakeOptions, type FakeOutputs, type FakeValues, fakeModel } from './fake-model.js';
