"""upgrade-e2e: upgrade a real cluster in place, watch it all the time, judge what was seen."""
