// Types of calls, from the OpenAPI document; the tests write openapi.d.ts beside this file.
import type { components, paths } from "./openapi";

export type Schemas = components["schemas"];
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that have an operation of this method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends object ? P : never;
}[keyof paths];
type Part<T, K extends string> = T extends { [N in K]?: infer V } ? NonNullable<V> : never;
type Parameters<O, K extends string> = Part<Part<O, "parameters">, K>;
// a part of a path is text, and an id there may be either
type Loose<T> = { [K in keyof T]: string | number };
type Known<T> = [T] extends [never] ? object : T;
/** The values for a path and its query. */
export type Values<O> = Loose<Known<Parameters<O, "path">>> & Partial<Known<Parameters<O, "query">>>;
export type Body<O> = Part<Part<Part<O, "requestBody">, "content">, "application/json">;
type Good<R> = R extends object ? R[Extract<keyof R, 200 | 201>] : never;
export type Answer<O> = Part<Part<Good<Part<O, "responses">>, "content">, "application/json">;
type Rest<O> = [Parameters<O, "path">] extends [never]
  ? [values?: Values<O>, body?: Body<O>]
  : [values: Values<O>, body?: Body<O>];

export type Call = <M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  ...rest: Rest<paths[P][M]>
) => Promise<Answer<paths[P][M]>>;

/** What a screen knows about something that it reads. */
export interface Reading<T> {
  data: T | null;
  problem: Problem | null;
  /** When the data was read, where it could not be read again. */
  asOf?: string | null;
  again(): void;
}
export type UseRead = <P extends PathOf<"get">>(
  path: P,
  values?: Values<paths[P]["get"]>,
) => Reading<Answer<paths[P]["get"]>>;
/** A list that is read page by page. */
export interface Pages<T> extends Reading<T[]> {
  more: (() => void) | null;
}
export type UsePages = <P extends PathOf<"get">>(
  path: P,
  values?: Values<paths[P]["get"]>,
  /** how many rows to read at least, page by page */
  start?: number,
) => Pages<Answer<paths[P]["get"]> extends (infer T)[] ? T : never>;

export interface Refusal {
  pointer: string;
  detail: string;
  code: string;
  values: Record<string, unknown>;
}
export interface Problem {
  status: number;
  type: string;
  message: string;
  errors?: Refusal[];
  retry_after?: number;
}
export interface Me {
  key: string;
  user: number;
  language: string;
  /** When the session was renewed last, by the device's clock. */
  renewed: number;
  /** Whether the service takes the connection for one with TLS. */
  secure: boolean;
}
/** Something that is to be sent: that a member did it, or that it is undone. */
export interface Waiting {
  key: string;
  kind: "did" | "undo";
  user: number;
  movement: number;
  /** The moment by the service's clock. */
  at: string;
  /** The update to be undone; without it, that of the moment. */
  update?: number;
  /** Whether it was sent, perhaps without an answer. */
  tried?: boolean;
  /** Why the service refused it. */
  problem?: Problem;
}
/** What became of it; another tab may know more. */
export interface Sent {
  update?: Schemas["PostedUpdate"] | null;
  problem?: Problem;
}
/** What all answers about a movement that the member is in have in common. */
export type Movement = Omit<Schemas["SubscribedMovement"], "last_signal_sent" | "leaders"> & {
  leaders: Leader[];
};
export type AnyMovement = Schemas["Movement"] | Schemas["SubscribedMovement"];
export type Leader = Schemas["Leader"] | Schemas["LeaderWithSignal"] | Schemas["LeaderWithHistory"];
export type Update = Schemas["Update"];
export type Identity = Schemas["MyAccount"];
export type Today = Answer<paths["/today"]["get"]>;

/** The bar at the foot of the screen, after something was done. */
export interface Bar {
  text: string;
  undo?: () => void;
  more?: string;
}
export interface Form<V> {
  values: V;
  problem: Problem | null;
  busy: boolean;
  /** Return the sentence about a field that was refused. */
  error(name: string): string;
  set(name: keyof V & string): (event: Event) => void;
  put(changes: Partial<V>): void;
  submit(event: Event): void;
}
