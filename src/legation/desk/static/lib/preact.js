// Preact with its hooks, and `html`: templates bound to Preact's elements. Everything else imports these from here.

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

export { Component, Fragment, createContext, h, render } from "../vendor/preact.js";
export {
  useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState,
} from "../vendor/hooks.js";

export const html = htm.bind(h);
