/** The worker's side: one engine and its sessions, and one answer for every request. */

import type { BackendName } from '../base/backend-name.js';
import { asPannierError, messageOf, PannierError, toWire } from '../base/errors.js';
import type { Engine, RunResult, Session, StartEngine } from '../engines/engine.js';
import { closePictures } from '../preprocess/pictures.js';
import { StreamedOpen } from './opening.js';
import { type Answers, isRequest, outputTransfers, type Reply, type Request } from './protocol.js';

/** Serves an engine to the page that started this worker. @param backend for messages */
export function serve(backend: BackendName, start: StartEngine): void {
  const post = (reply: Reply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });
  const sessions = new Map<number, Session>();
  const openings = new Map<number, StreamedOpen>();
  let engine: Engine | undefined;

  const answer = async (request: Request): Promise<Answers[Request['kind']]> => {
    if (request.kind === 'start') {
      engine = await start(request.options);
      void engine.whenLost.then((loss) => post({ lost: toWire(loss) }));
      return { maxBufferBytes: engine.maxBufferBytes, identity: engine.identity };
    }
    if (engine === undefined) throw new PannierError('backend-unavailable', `The ${backend} worker was not started.`);
    switch (request.kind) {
      case 'open': {
        const opening = new StreamedOpen(engine, request.model);
        openings.set(request.session, opening);
        return opening.nextRequest();
      }
      case 'upload':
        return openings.get(request.session)?.upload(request.shard);
      case 'build': {
        const session = await openings.get(request.session)?.build();
        openings.delete(request.session);
        if (session !== undefined) sessions.set(request.session, session);
        return undefined;
      }
      case 'run': {
        const { session: id, feeds, outputs } = request;
        try {
          const session = sessions.get(id);
          if (session === undefined) throw new PannierError('disposed', `Session ${id} is not open in this worker.`);
          return await session.run({ feeds, outputs, deadlineMs: Number.POSITIVE_INFINITY });
        } finally {
          // Pictures that were sent here belong to this worker.
          closePictures(feeds);
        }
      }
      case 'close':
        openings.get(request.session)?.giveUp();
        openings.delete(request.session);
        sessions.get(request.session)?.dispose();
        sessions.delete(request.session);
        return undefined;
    }
  };

  const crash = (reason: string) => post({ lost: toWire(new PannierError('worker-crashed', `The ${backend} worker crashed: ${reason}`)) });
  // The page hears of an error that is thrown, but not of a rejection or of `close()`.
  self.addEventListener('unhandledrejection', ({ reason }) => crash(messageOf(reason)));
  const { close } = self;
  Object.assign(self, {
    close() {
      crash('it closed itself');
      close.call(self);
    },
  });

  self.addEventListener('message', async ({ data: request }: MessageEvent<unknown>) => {
    // Other code may post to this worker, as tools do that tell something to all workers of a page.
    if (!isRequest(request)) return;
    post({ begun: request.id });
    try {
      const value = await answer(request);
      post({ id: request.id, value }, request.kind === 'run' ? outputTransfers((value as RunResult).outputs) : []);
    } catch (thrown) {
      post({ id: request.id, error: toWire(asPannierError(thrown, 'predict', `The ${backend} worker failed`)) });
    }
  });
  post({ ready: true });
}
