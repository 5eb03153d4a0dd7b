// How far it is as the crow flies, on a sphere: the error, half a percent, is less than that of a tablet's position.

const RADIUS_M = 6_371_008.8; // the mean one, IUGG

interface Place {
  latitude_deg: number;
  longitude_deg: number;
}

/** Metres between two places, WGS 84. */
export function distanceM(a: Place, b: Place): number {
  const [from, to] = [radians(a.latitude_deg), radians(b.latitude_deg)];
  const half = Math.sin((to - from) / 2) ** 2 + Math.cos(from) * Math.cos(to) * Math.sin(radians(b.longitude_deg - a.longitude_deg) / 2) ** 2;
  return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** `350 m`, `4.2 km`, `31 km`. */
export function distanceText(metres: number): string {
  if (metres < 1000) return `${Math.round(metres / 10) * 10} m`;
  const km = metres / 1000;
  return `${km < 10 ? km.toFixed(1) : Math.round(km)} km`;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
