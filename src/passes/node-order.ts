/** The order of a graph's nodes while it changes: which of two stands first is known without counting through them. */
import type { Node } from '../graph/graph.js';

/** The place of one node. Where a node takes another value, the place has another node object. */
export class Place {
  node: Node;
  /** Grows along the order. */
  position: number;
  isRemoved = false;
  previous: Place | undefined = undefined;
  next: Place | undefined = undefined;

  constructor(node: Node, position: number) {
    this.node = node;
    this.position = position;
  }
}

/** Places in order. */
export class NodeOrder {
  #first: Place | undefined;
  #last: Place | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** All places, from the first to the last. One that is removed meanwhile is passed over, and its links still lead on. */
  *[Symbol.iterator](): Generator<Place> {
    for (let place = this.#first; place !== undefined; place = place.next) if (!place.isRemoved) yield place;
  }

  /** Adds a node behind all others. */
  append(node: Node): Place {
    const place = new Place(node, (this.#last?.position ?? -1) + 1);
    this.#link(this.#last, place, undefined);
    return place;
  }

  /** Adds a node right before a place. */
  insert(node: Node, next: Place): Place {
    const place = new Place(node, positionBefore(next));
    const isBetween = place.position < next.position && place.position > (next.previous?.position ?? Number.NEGATIVE_INFINITY);
    this.#link(next.previous, place, next);
    if (!isBetween) this.#renumber();
    return place;
  }

  remove(place: Place): void {
    const { previous, next } = place;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    place.isRemoved = true;
    this.#count--;
  }

  #link(previous: Place | undefined, place: Place, next: Place | undefined): void {
    place.previous = previous;
    place.next = next;
    if (previous === undefined) this.#first = place;
    else previous.next = place;
    if (next === undefined) this.#last = place;
    else next.previous = place;
    this.#count++;
  }

  /** Gives whole positions again where no number lies between two of them any more. */
  #renumber(): void {
    let position = 0;
    for (const place of this) place.position = position++;
  }
}

const positionBefore = ({ previous, position }: Place): number =>
  previous === undefined ? position - 1 : (previous.position + position) / 2;
