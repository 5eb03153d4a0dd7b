// Where the tablet is: WGS 84, asked of the browser, and never waited for long.

import { said } from "../domain/form_contracts";

export interface Position {
  latitude_deg: number;
  longitude_deg: number;
  accuracy_m: number;
}

const WAIT_MS = 15_000;
const FRESH_MS = 60_000;
const DECIMALS = 6; // of a degree: a decimetre

/** Null where it is not allowed, not known, or takes too long. */
export function askPosition(): Promise<Position | null> {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    const take = ({ coords }: GeolocationPosition) =>
      resolve({
        latitude_deg: Number(coords.latitude.toFixed(DECIMALS)),
        longitude_deg: Number(coords.longitude.toFixed(DECIMALS)),
        accuracy_m: Math.min(Math.round(coords.accuracy), said.limits.accuracy_m),
      });
    navigator.geolocation.getCurrentPosition(take, () => resolve(null), {
      ...{ enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: FRESH_MS },
    });
  });
}
