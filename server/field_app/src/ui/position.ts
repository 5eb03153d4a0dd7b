// Where the tablet is, for a round: WGS 84, asked of the browser, and never waited for long.

import { contracts } from "../contracts";

export interface Position {
  latitude_deg: number;
  longitude_deg: number;
  accuracy_m: number;
}

const WAIT_MS = 15_000;
const FRESH_MS = 60_000;
const DECIMALS = 6; // of a degree: a decimetre

/** Whether asking would show no question. */
export async function isPositionGranted(): Promise<boolean> {
  const status = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  return status?.state === "granted";
}

/** Null where it is not allowed, not known, or takes too long. */
export function askPosition(): Promise<Position | null> {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    const take = ({ coords }: GeolocationPosition) =>
      resolve({
        latitude_deg: Number(coords.latitude.toFixed(DECIMALS)),
        longitude_deg: Number(coords.longitude.toFixed(DECIMALS)),
        accuracy_m: Math.min(Math.round(coords.accuracy), accuracyMax()),
      });
    navigator.geolocation.getCurrentPosition(take, () => resolve(null), {
      ...{ enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: FRESH_MS },
    });
  });
}

function accuracyMax(): number {
  const check = contracts.kinds["inspection_round"]!.fields["accuracy_m"]!.checks.find((one) => one.rule === "range");
  return check?.rule === "range" ? check.high : Infinity;
}
