/** Several ops on the same elements as one expression, which a loop or the end of a kernel computes. */
import type { DataType } from '../../../graph/element-type.js';
import type { Node, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder, Local } from '../asm/function.js';
import { f32x4, i32x4 } from '../asm/vector.js';
import type { Kernels } from '../kernels/kernel.js';
import { formulaOf } from './formula-table.js';

/** An expression over elements at one place of tensors. */
export type Term =
  /** The sums of the kernel at whose end the expression stands. */
  | { readonly kind: 'sums' }
  /** An element of another tensor. */
  | { readonly kind: 'operand'; readonly value: Value }
  | { readonly kind: 'number'; readonly value: number; readonly isFloat: boolean }
  | { readonly kind: 'op'; readonly node: Node; readonly inputs: readonly Term[] };

/** The tensors that an expression reads, each once. */
export function operandsOf(term: Term): readonly Value[] {
  const all = term.kind === 'operand' ? [term.value] : term.kind === 'op' ? term.inputs.flatMap(operandsOf) : [];
  return [...new Set(all)];
}

/** How often an expression reads a tensor. */
export function readsIn(term: Term, value: Value): number {
  if (term.kind === 'op') return term.inputs.reduce((count, each) => count + readsIn(each, value), 0);
  return term.kind === 'operand' && term.value === value ? 1 : 0;
}

/** An expression in which a tensor is the sums. */
export function withSums(term: Term, sums: Value): Term {
  if (term.kind === 'operand') return term.value === sums ? { kind: 'sums' } : term;
  return term.kind === 'op' ? { ...term, inputs: term.inputs.map((each) => withSums(each, sums)) } : term;
}

/** A text that is the same for expressions with the same code. @param leaf names a tensor by the way it is read */
export function termName(term: Term, leaf: (value: Value) => string): string {
  switch (term.kind) {
    case 'sums':
      return 'sums';
    case 'operand':
      return leaf(term.value);
    case 'number':
      return `${Object.is(term.value, -0) ? '-0' : term.value}${term.isFloat ? 'f' : ''}`;
    case 'op': {
      const inputs = term.inputs.map((each) => termName(each, leaf)).join(', ');
      const types = term.node.inputs.map((each) => each?.type?.dataType).join(' ');
      return `${term.node.op}[${types}]${JSON.stringify(term.node.attributes)}(${inputs})`;
    }
  }
}

/** Writes an expression. @param read gives the elements of a tensor */
export function writeTerm(kernels: Kernels, body: FunctionBuilder, term: Term, sums: V128 | undefined, read: (value: Value) => V128): V128 {
  const known = new Map<Value, Local<'v128'>>();
  const write = (each: Term): V128 => {
    switch (each.kind) {
      case 'sums':
        return sums as V128;
      case 'number':
        return each.isFloat ? f32x4.const(each.value) : i32x4.const(each.value);
      case 'operand': {
        const found = known.get(each.value) ?? body.let(read(each.value));
        known.set(each.value, found);
        return found;
      }
      case 'op': {
        const inputs = each.inputs.map((input) => (input.kind === 'op' ? body.let(write(input)) : write(input)));
        const types = each.node.inputs.map((input) => input?.type?.dataType as DataType);
        return formulaOf(each.node.op, types)?.(inputs, {
          ...{ kernels, body, attributes: each.node.attributes },
          numbers: each.inputs.map((input) => (input.kind === 'number' ? input.value : undefined)),
        }) as V128;
      }
    }
  };
  return write(term);
}
