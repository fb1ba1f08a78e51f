/** A graph that patches change: it knows which nodes make and take each value, and verifies what a patch changes. */
import { Names } from '../base/names.js';
import { tensorOf } from '../graph/constant.js';
import type { Constant, Graph, Node, TypedValue, Value } from '../graph/graph.js';
import { nodeError } from '../graph/node-error.js';
import { type Tensor, typeText } from '../graph/tensor.js';
import { openSizesOf, verifyConstant, verifyOpenSizes, verifyTypes } from '../graph/verify.js';
import { ConstantIndex } from './constant-index.js';
import { isMentioned } from './mentions.js';
import { NodeOrder, type Place } from './node-order.js';
import type { GraphView, Patch } from './pass.js';

/** The change that a patch made to a graph. */
export interface Change {
  readonly removed: readonly Node[];
  readonly added: readonly Node[];
  /** The values of new constants. */
  readonly constants: readonly TypedValue[];
}

/** Constants of more bytes are decoded each time that a pass asks for their numbers, so that weights are not in memory twice. */
const MAX_KEPT_BYTES = 2 ** 16;

export class WorkingGraph implements GraphView {
  readonly #inputs: readonly Value[];
  #outputs: readonly Value[];
  readonly #order = new NodeOrder();
  readonly #places = new Map<Node, Place>();
  readonly #producers = new Map<Value, Place>();
  readonly #users = new Map<Value, Set<Place>>();
  readonly #constants = new ConstantIndex();
  readonly #tensors = new WeakMap<Constant, Tensor>();
  readonly #names = new Names();
  /** The values that there are, by their names. */
  readonly #values = new Map<string, Value>();
  readonly #inputSizes: ReadonlySet<string>;
  #patchCount = 0;

  /** @param graph verified */
  constructor(graph: Graph) {
    this.#inputs = graph.inputs;
    this.#outputs = graph.outputs;
    this.#inputSizes = openSizesOf(graph);
    for (const value of graph.inputs) this.#declare(value);
    for (const constant of graph.constants) this.#addConstant(constant);
    for (const node of graph.nodes) this.#index(this.#order.append(node));
  }

  get patchCount(): number {
    return this.#patchCount;
  }

  get nodeCount(): number {
    return this.#order.count;
  }

  get nodes(): Iterable<Node> {
    return Array.from(this.#order, ({ node }) => node);
  }

  constantsLike(constant: Constant): readonly Constant[] {
    return [...this.#constants.alike(constant)].filter(({ value }) => this.#isTaken(value));
  }

  /** The places of all nodes, in order, while patches change them. */
  get places(): Iterable<Place> {
    return this.#order;
  }

  producerOf(value: Value | null | undefined): Node | undefined {
    return value == null ? undefined : this.#producers.get(value)?.node;
  }

  usersOf(value: Value): readonly Node[] {
    const places = [...(this.#users.get(value) ?? [])];
    return places.sort((a, b) => a.position - b.position).map(({ node }) => node);
  }

  onlyUserOf(value: Value): Node | undefined {
    const users = this.#users.get(value);
    return users?.size === 1 && !this.isOutput(value) ? [...users][0]?.node : undefined;
  }

  isOutput(value: Value): boolean {
    return this.#outputs.includes(value);
  }

  constantOf(value: Value | null | undefined): Constant | undefined {
    return value == null ? undefined : this.#constants.get(value);
  }

  tensorOf(value: Value | null | undefined): Tensor | undefined {
    const constant = this.constantOf(value);
    if (constant === undefined) return undefined;
    const tensor = this.#tensors.get(constant) ?? tensorOf(constant);
    if (tensor.data.byteLength <= MAX_KEPT_BYTES) this.#tensors.set(constant, tensor);
    return tensor;
  }

  isBefore(node: Node, other: Node): boolean {
    return this.#placeOf(node).position < this.#placeOf(other).position;
  }

  isNeeded(node: Node): boolean {
    if (node.outputs.some((value) => this.#isTaken(value))) return true;
    return 'countName' in node.attributes && isMentioned(node.attributes.countName, node, this.nodes);
  }

  uniqueName(wanted: string): string {
    return this.#names.take(wanted, (name) => this.#values.has(name));
  }

  /**
   * Applies a patch.
   * @param node at which its pattern was found
   * @throws {PannierError} `model-format`, naming the node, if the graph would not be one any more. Then this object is of no use.
   */
  apply(node: Node, { constants, nodes, replaced }: Patch): Change {
    const place = this.#placeOf(node);
    this.#patchCount++;
    for (const constant of constants) {
      verifyConstant(constant);
      this.#addConstant(constant);
    }
    const added = nodes.map((each) => this.#insert(each, place));
    const made = new Set<Value>([...constants.map(({ value }) => value), ...nodes.flatMap(({ outputs }) => outputs)]);
    const candidates = [place, ...added, ...replaced.flatMap(([old]) => this.#producers.get(old) ?? [])];
    const redirected = replaced.flatMap(([old, by]) => this.#replace(old, by, made.has(by), node) ?? []);
    const removed = this.#removeUnneeded(candidates).filter((each) => !added.includes(each));
    if (removed.length === 0 && redirected.length === 0)
      throw nodeError(node.origin, 'is said to be rewritten, but the graph stays as it is');
    const renamed = new Map(redirected.map(({ by, name }) => [by, this.#rename(by, name)]));
    return {
      removed: removed.map((each) => each.node),
      added: added.flatMap((each) => (each.isRemoved ? [] : [each.node])),
      constants: constants.map(({ value }) => (renamed.get(value) ?? value) as TypedValue),
    };
  }

  /** The graph as it is now. Constants that nothing takes are left out. */
  build(): Graph {
    const constants = [...this.#constants.all].filter(({ value }) => this.#isTaken(value));
    return { inputs: this.#inputs, constants, nodes: [...this.nodes], outputs: this.#outputs };
  }

  #declare(value: Value): void {
    if (this.#values.has(value.name)) throw new Error(`A pass makes a second value "${value.name}".`);
    this.#values.set(value.name, value);
  }

  #addConstant(constant: Constant): void {
    this.#declare(constant.value);
    this.#constants.add(constant);
  }

  /** Keeps who makes and takes the values of a node that has its place. */
  #index(place: Place): void {
    const { node } = place;
    this.#places.set(node, place);
    for (const value of node.inputs) if (value !== null) this.#usersOf(value).add(place);
    for (const value of node.outputs) {
      this.#declare(value);
      this.#producers.set(value, place);
    }
  }

  /** Adds a node of a patch right before a place, and verifies it. */
  #insert(node: Node, next: Place): Place {
    const place = this.#order.insert(node, next);
    for (const value of node.inputs)
      if (value !== null && !this.#isMadeBefore(value, place))
        throw nodeError(node.origin, `takes "${value.name}", which is not made before it`);
    verifyTypes(node);
    verifyOpenSizes(node, (name) => this.#inputSizes.has(name) || this.#isDecidedBefore(name, place));
    this.#index(place);
    return place;
  }

  /**
   * Lets all that takes a value take another one.
   * @returns the name that the other value should have; undefined if nothing took the value
   */
  #replace(old: Value, by: Value, isNew: boolean, node: Node): { readonly by: Value; readonly name: string } | undefined {
    if (!this.#isTaken(old)) return undefined;
    if (this.#values.get(by.name) !== by) throw nodeError(node.origin, `makes way for "${by.name}", which is no value of the graph`);
    if (typeText(old.type) !== typeText(by.type))
      throw nodeError(node.origin, `gives ${typeText(old.type)} as "${old.name}", for which ${typeText(by.type)} is put`);
    for (const user of this.#usersOf(old))
      if (!this.#isMadeBefore(by, user)) throw nodeError(user.node.origin, `takes "${by.name}", which is not made before it`);
    // An output of the graph keeps its name where a node makes it.
    const isOnlyOutput = this.isOutput(old) && !this.isOutput(by) && this.#producers.has(by);
    this.#redirect(old, by);
    this.#freeName(old);
    return { by, name: isNew || isOnlyOutput ? old.name : by.name };
  }

  /** Removes the places that nothing needs, and then those that only they needed. */
  #removeUnneeded(candidates: readonly Place[]): readonly Place[] {
    const removed: Place[] = [];
    const left = [...candidates];
    for (let place = left.pop(); place !== undefined; place = left.pop()) {
      const { node } = place;
      if (place.isRemoved || this.isNeeded(node)) continue;
      this.#order.remove(place);
      this.#places.delete(node);
      for (const value of node.outputs) {
        this.#values.delete(value.name);
        this.#producers.delete(value);
      }
      for (const value of node.inputs) {
        if (value === null) continue;
        this.#usersOf(value).delete(place);
        const producer = this.#producers.get(value);
        if (producer !== undefined) left.push(producer);
        this.#freeName(value);
      }
      removed.push(place);
    }
    return removed;
  }

  /** Lets another value have the name of a constant that nothing takes any more. */
  #freeName(value: Value): void {
    if (this.#isTaken(value) || !this.#constants.delete(value)) return;
    this.#values.delete(value.name);
  }

  /** Gives a value another name, unless the name is taken. @returns the value of that name */
  #rename(value: Value, name: string): Value {
    if (this.#values.has(name) || this.#values.get(value.name) !== value) return value;
    const renamed = { ...value, name };
    this.#values.delete(value.name);
    this.#values.set(name, renamed);
    const constant = this.#constants.get(value);
    const place = this.#producers.get(value);
    if (constant !== undefined) {
      this.#constants.delete(value);
      this.#constants.add({ ...constant, value: renamed as TypedValue });
    } else if (place !== undefined) {
      this.#producers.delete(value);
      this.#producers.set(renamed, place);
      this.#change(place, { ...place.node, outputs: place.node.outputs.map((each) => (each === value ? renamed : each)) } as Node);
    }
    this.#redirect(value, renamed);
    return renamed;
  }

  /** Lets all that takes a value take another one. */
  #redirect(from: Value, to: Value): void {
    const users = this.#usersOf(from);
    this.#users.delete(from);
    for (const place of users) {
      this.#change(place, { ...place.node, inputs: place.node.inputs.map((each) => (each === from ? to : each)) } as Node);
      this.#usersOf(to).add(place);
    }
    this.#outputs = this.#outputs.map((each) => (each === from ? to : each));
  }

  #change(place: Place, node: Node): void {
    this.#places.delete(place.node);
    this.#places.set(node, place);
    place.node = node;
  }

  #placeOf(node: Node): Place {
    const place = this.#places.get(node);
    if (place === undefined) throw new Error(`A pass asks for the node "${node.origin.name}", which the graph has no more.`);
    return place;
  }

  #usersOf(value: Value): Set<Place> {
    const known = this.#users.get(value);
    if (known !== undefined) return known;
    const users = new Set<Place>();
    this.#users.set(value, users);
    return users;
  }

  #isTaken(value: Value): boolean {
    return (this.#users.get(value)?.size ?? 0) > 0 || this.isOutput(value);
  }

  #isMadeBefore(value: Value, place: Place): boolean {
    if (this.#values.get(value.name) !== value) return false;
    const producer = this.#producers.get(value);
    return producer === undefined || producer.position < place.position;
  }

  #isDecidedBefore(openSize: string, place: Place): boolean {
    for (const { node, position } of this.#order) {
      if (position >= place.position) return false;
      if ('countName' in node.attributes && node.attributes.countName === openSize) return true;
    }
    return false;
  }
}
