"""Around the clock: polls feeds and sitemaps, fetches what they link to, and codes it into a store, part by part.

sources     the TOML file that says what to watch, and in whose name
robots      what a host's robots.txt permits
fetching    fetches as hosts would have it: robots.txt, a pause between requests, Retry-After
listing     a feed or sitemap to the links in it
state       what was seen and what waits, in one SQLite file within the store
polling     what one turn of work is, and what may come of it
coding      the process that codes the pages fetched, and merges
watcher     the loop over all of them

A link goes one way: listed, waiting, fetched (its page is kept in the spool), coded (it is in the store or among its
rejects), and each step is on the disk before the next begins. So a watcher may be ended at any moment: the next one
fetches again what had not reached the spool, and codes what had; what the store holds already is not coded twice.
"""

from legation.watch.sources import Plan, SourcesError, read_plan
from legation.watch.state import State, StateError
from legation.watch.watcher import Watcher

__all__ = ["Plan", "SourcesError", "State", "StateError", "Watcher", "read_plan"]
