// Keeps what is being filled in: soon after the first change, and again while changes go on, so that a tablet that is killed
// loses less than KEEP_AFTER_MS of work, however long somebody types without a pause.

export const KEEP_AFTER_MS = 400; // not with every key

export interface Kept<T> {
  id: string;
  value: T;
}

/** What changes, or how: by what is there when it happens. What is shown may be older than that, as when a photo is ready. */
export type Change<T> = Partial<T> | ((value: T) => Partial<T>);

export class DraftWriter<T extends object> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  constructor(
    private kept: Kept<T>,
    private readonly write: (kept: Kept<T>) => Promise<void>,
    private readonly show: (kept: Kept<T>) => void,
  ) {}

  /** Nothing comes in after the end: a late photo of a saved form would take the place of the next form's draft. */
  change(change: Change<T>): void {
    if (this.isOver) return;
    const { id, value } = this.kept;
    this.kept = { id, value: { ...value, ...(typeof change === "function" ? change(value) : change) } };
    this.show(this.kept);
    this.timer ??= setTimeout(() => this.flush(), KEEP_AFTER_MS);
  }

  /** Write now what was not written yet: the app may not go on. */
  flush(): void {
    if (this.timer === undefined) return;
    this.stop();
    void this.write(this.kept);
  }

  /** The form was left: what it holds is written, and stays. */
  leave(): void {
    this.flush();
    this.isOver = true;
  }

  /** It became an entry, or was given up: there is nothing to keep. */
  end(): void {
    this.stop();
    this.isOver = true;
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
