// 连测: a crew is measured one after the other at one keypad. Who is shown changes under a thumb that is still typing, so a
// touch counts only for the person who had been seen when the finger came down: nothing is ever typed under a wrong name.

import { AIM_MS } from "./aim";
import type { Person } from "./people";

const LENGTH = 3; // 36.5 without its point

/** `queue`: who is still to be measured; the first one is shown. */
export interface Lane {
  queue: readonly string[];
  digits: string;
  shownMs: number; // since when the first one is on the screen; Infinity until it is drawn
  isSaving: boolean;
}

export function laneOf(queue: readonly string[]): Lane {
  return { queue, digits: "", shownMs: Infinity, isSaving: false };
}

/** The first of the queue is on the screen now. */
export function drawn(lane: Lane, atMs: number): Lane {
  return lane.shownMs === Infinity ? { ...lane, shownMs: atMs } : lane;
}

/** A change of the digits by a touch of that moment. It counts for nobody while a reading is being saved, or before the
 * person could be seen. */
export function typed(lane: Lane, change: (digits: string) => string, touchedMs: number): Lane {
  if (lane.isSaving || touchedMs < lane.shownMs + AIM_MS) return lane;
  return { ...lane, digits: change(lane.digits).slice(0, LENGTH) };
}

export function saving(lane: Lane): Lane {
  return { ...lane, isSaving: true };
}

/** It was not saved: the same person again. */
export function again(lane: Lane): Lane {
  return { ...lane, digits: "", isSaving: false };
}

/** The first one is measured, or not there: the next one. */
export function next({ queue }: Lane): Lane {
  return laneOf(queue.slice(1));
}

/** The first one comes last. */
export function skipped({ queue }: Lane): Lane {
  return laneOf([...queue.slice(1), ...queue.slice(0, 1)]);
}

/** Somebody comes first: who stands there now, or whose reading was taken back. */
export function turnedTo(lane: Lane, id: string): Lane {
  return lane.queue[0] === id ? lane : laneOf([id, ...lane.queue.filter((one) => one !== id)]);
}

/** Who was measured elsewhere meanwhile is asked for no more; but whoever is shown stays until that one is dealt with. */
export function without(lane: Lane, isAsked: (id: string) => boolean): Lane {
  const [first, ...rest] = lane.queue;
  const left = rest.filter(isAsked);
  return first === undefined || left.length === rest.length ? lane : { ...lane, queue: [first, ...left] };
}

/** By what the people of a site are called up. */
export type By = "team" | "dormitory";

export interface Crew {
  name: string; // "" of those who have none
  people: readonly Person[]; // who is asked for
  toDo: readonly Person[];
}

/** The crews of those who are asked for, in the order in which the people come. */
export function crewsOf(by: By, expected: readonly Person[], toDo: readonly Person[]): Crew[] {
  const left = new Set(toDo);
  const crews = new Map<string, Person[]>();
  for (const person of expected) {
    const crew = crews.get(person[by]);
    if (crew) crew.push(person);
    else crews.set(person[by], [person]);
  }
  const found = [...crews].map(([name, people]) => ({ name, people, toDo: people.filter((one) => left.has(one)) }));
  return found.sort((a, b) => Number(b.toDo.length > 0) - Number(a.toDo.length > 0) || Number(a.name === "") - Number(b.name === "") || a.name.localeCompare(b.name, "zh-CN", { numeric: true }));
}
