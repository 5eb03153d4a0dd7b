/** From seeing something to touching it: a finger that comes sooner was meant for what was there before. */
export const AIM_MS = 300;
