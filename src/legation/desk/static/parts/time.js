// Days as numbers and bins, for scales and calendars. Days are ISO text ("2014-12-23"), all in UTC.

import { day as dayName } from "../lib/format.js";

const DAY = 86_400_000;

export const ms = (iso) => Date.parse(`${iso.slice(0, 10)}T00:00:00Z`);
export const iso = (time) => new Date(time).toISOString().slice(0, 10);
export const later = (day, days) => iso(ms(day) + days * DAY);
export const daysBetween = (one, other) => Math.round((ms(other) - ms(one)) / DAY);

// The first day of the month so many months after a day's: monthAfter("2014-12-23", 1) is "2015-01-01".
export function monthAfter(day, months = 0) {
  const [year, month] = day.split("-").map(Number);
  return iso(Date.UTC(year, month - 1 + months, 1));
}

// The last day of the bin ("day", "week" or "month") that begins on `start`.
export function binEnd(start, by) {
  if (by === "month") return later(monthAfter(start, 1), -1);
  return later(start, by === "week" ? 6 : 0);
}

// The days that a calendar of a month shows, in weeks that begin on Monday: [[7 days], …], four to six weeks.
export function weeksOf(month) {
  const first = monthAfter(month);
  const last = later(monthAfter(month, 1), -1);
  const weekday = (day) => (new Date(ms(day)).getUTCDay() + 6) % 7;
  const weeks = [];
  for (let day = later(first, -weekday(first)); day <= last; day = later(day, 7)) {
    weeks.push([0, 1, 2, 3, 4, 5, 6].map((n) => later(day, n)));
  }
  return weeks;
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December"];

// "December 2014".
export const monthName = (day) => `${MONTHS[Number(day.slice(5, 7)) - 1]} ${day.slice(0, 4)}`;

// "December 2014", "Week of 1 Dec 2014", "1 Dec 2014": a bin by its first day.
export function binName(start, by) {
  if (by === "month") return monthName(start);
  return by === "week" ? `Week of ${dayName(start)}` : dayName(start);
}

// How the ticks of a time axis are named: days ("26 Oct"), or where all begin a month, months, with the year in January.
export function tickNames(ticks) {
  const days = ticks.map((tick) => iso(tick.getTime()));
  const name = (day) => {
    const short = MONTHS[Number(day.slice(5, 7)) - 1].slice(0, 3);
    if (!days.every((one) => one.endsWith("-01"))) return `${Number(day.slice(8))} ${short}`;
    return day.slice(5, 7) === "01" ? day.slice(0, 4) : short;
  };
  return days.map(name);
}
