// What library.js exports, as far as the app uses it.
export type Child = VNode | string | number | null | undefined | boolean | Child[];
export interface VNode {
  type: unknown;
  props: Record<string, unknown>;
  key: unknown;
}
export interface Signal<T> {
  value: T;
  peek(): T;
}
export interface Computed<T> {
  readonly value: T;
  peek(): T;
}
export interface Ref<T> {
  current: T | null;
}
export function h<P extends object>(
  type: string | ((props: P) => Child),
  props: (P & { key?: unknown }) | null,
  ...children: Child[]
): VNode;
export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export function render(tree: Child, parent: Element): void;
export function Fragment(props: { children?: Child }): VNode;
export function signal<T>(value: T): Signal<T>;
export function computed<T>(compute: () => T): Computed<T>;
export function effect(run: () => void | (() => void)): () => void;
export function batch<T>(run: () => T): T;
export function useState<T>(start: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useEffect(run: () => void | (() => void), when?: unknown[]): void;
export function useMemo<T>(compute: () => T, when: unknown[]): T;
export function useRef<T>(start: T | null): Ref<T>;
