// How days, numbers and names are written. Days are ISO text ("2014-12-23"), as the server gives them.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

export const number = (n) => (n === null || n === undefined ? "unknown" : n.toLocaleString("en-GB"));

// "1 event", "275 events".
export const count = (n, noun) => `${number(n)} ${noun}${n === 1 ? "" : "s"}`;

export const percent = (p) => (p === null || p === undefined ? "unknown" : `${Math.round(p * 100)}%`);

// "23 Dec 2014".
export function day(iso) {
  if (!iso) return "day unknown";
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  return `${date} ${MONTHS[month - 1]} ${year}`;
}

// "Tuesday, 23 Dec 2014".
export const weekday = (iso) => `${WEEKDAYS[new Date(`${iso.slice(0, 10)}T00:00:00Z`).getUTCDay()]}, ${day(iso)}`;

// "23 Dec 2014", "Oct 2015", "2015", "3 to 9 Nov 2014": the days of a closed interval, in its own precision.
export function interval(start, end, precision) {
  if (!start && !end) return "day unknown";
  if (!end || start === end) return day(start ?? end);
  if (!start) return `until ${day(end)}`;
  const [y1, m1, d1] = start.split("-").map(Number);
  const [y2, m2, d2] = end.split("-").map(Number);
  if (precision === "year" && y1 === y2) return String(y1);
  if (precision === "month" && y1 === y2 && m1 === m2) return `${MONTHS[m1 - 1]} ${y1}`;
  if (y1 !== y2) return `${day(start)} to ${day(end)}`;
  return m1 === m2 ? `${d1} to ${d2} ${MONTHS[m1 - 1]} ${y1}` : `${d1} ${MONTHS[m1 - 1]} to ${day(end)}`;
}

// When an event or mention is told to be. Where no time is told the day of the report stands for it, and says so.
export function when({ start, end, precision, basis, first_reported }) {
  if (basis === "stated") return start || end ? interval(start, end, precision) : "time unresolved";
  const reported = first_reported ?? start;
  return reported ? `reported ${day(reported)}` : "day unknown";
}

export const QUADS = {
  1: "verbal cooperation", 2: "material cooperation", 3: "verbal conflict", 4: "material conflict",
};

export const quadName = (quad) => QUADS[quad] ?? "no quad class";

// "CONSULT/visit".
export const deedName = (deed, modes) => [deed, ...(modes ?? [])].join("/");

// "PRK GOV"; "---" is an actor of no known country.
export const codes = ({ country, sectors }) => [country, ...(sectors ?? [])].join(" ");
