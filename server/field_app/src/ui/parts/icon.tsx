// Line drawings of our own, one stroke each.

const PATHS = {
  today: "M5 4h14v17H5zM9 2v4M15 2v4M9 13l2 2 4-4",
  temperature: "M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0M12 9v8",
  disinfect: "M9 8h6v3l2 3v7H7v-7l2-3zM10 8V4h5M15 4h2M19 3v0M20 6v0M19 9v0",
  roster: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M3 20c0-4 2.5-6 6-6s6 2 6 6M16 5h5M16 10h5M18 15h3",
  gate: "M4 21V5l8-2 8 2v16M4 21h16M12 3v18M9 12v1M15 12v1",
  sync: "M4 11a8 8 0 0 1 14-4l2 2M20 4v5h-5M20 13a8 8 0 0 1-14 4l-2-2M4 20v-5h5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 21 21",
  erase: "M9 5h12v14H9l-6-7zM12 9l6 6M18 9l-6 6",
  round: "M8 5h-2v16h12v-16h-2M8 3h8v4h-8zM9 12h6M9 16h4",
  flag: "M6 21V4h11l-2 4 2 4H6",
  case: "M12 8v8M8 12h8M4 7h16v13H4zM9 7V4h6v3",
  supplies: "M4 8l8-4 8 4v9l-8 4-8-4zM4 8l8 4 8-4M12 12v9",
  record: "M6 3h12v18H6zM9 8h6M9 12h6M9 16h4",
  more: "M4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  remove: "M6 6l12 12M18 6L6 18",
  camera: "M3 8h4l2-3h6l2 3h4v12H3zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7",
};

/** A name that has no drawing shows as a record. */
export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name as keyof typeof PATHS] ?? PATHS.record} />
    </svg>
  );
}
