"""When mailings fire, worked out by Python's `datetime` and `zoneinfo`, for schedule_oracle.rs to compare with.

Usage: schedule_oracle.py FOLDER, the time zone database to use. First the zones it knows are printed, as one line of
JSON; then each line that is read is a rule, and each line printed the answer to it:

    {"zone": "Europe/Berlin", "start": 1774654200000, "end": null, "every": "daily", "first": 0, "count": 3}
    {"at": [1774654200000, 1774740600000, 1774827000000], "over": false, "gaps": 1, "folds": 0, "cut": 0}

`first` and `count` say which occurrences are wanted, number 0 being the start; times are in milliseconds since 1970.
`over`: there is none after those. The rest counts what makes a schedule hard: local times that a clock change skips,
local times that happen twice, and days that a month does not have.

It is deliberately slow and simple, and knows nothing of the code it is compared with. The rules it follows:
an occurrence is counted from the start, on the calendar of the zone; a day that a month does not have is its last one;
a local time that is skipped moves on by the length of the gap; of one that happens twice, the first counts;
nothing happens at the end of the window or after it.
"""

import json
import sys
import zoneinfo
from calendar import monthrange
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)


def local_time(start, every, number):
    """The wall clock at an occurrence, and whether its day had to give way to a shorter month."""
    if every == "daily":
        return start + timedelta(days=number), False
    if every == "weekly":
        return start + timedelta(weeks=number), False
    year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
    last_day = monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last_day)), start.day > last_day


def answer(rule):
    zone = zoneinfo.ZoneInfo(rule["zone"])
    start = (EPOCH + timedelta(milliseconds=rule["start"])).astimezone(zone).replace(tzinfo=None, fold=0)
    end = rule["end"]
    found = {"at": [], "over": False, "gaps": 0, "folds": 0, "cut": 0}
    for number in range(rule["first"], rule["first"] + rule["count"]):
        if number == 0:
            at = rule["start"]
        elif rule["every"] == "once":
            found["over"] = True
            break
        else:
            wall, cut = local_time(start, rule["every"], number)
            # PEP 495: without a fold, the first of two; and in a gap the offset from before it, which is a time
            # after the gap, further on by its length.
            point = wall.replace(tzinfo=zone).astimezone(timezone.utc)
            at = (point - EPOCH) // MILLISECOND
            skipped = point.astimezone(zone).replace(tzinfo=None, fold=0) != wall
            other = wall.replace(tzinfo=zone, fold=1).astimezone(timezone.utc)
            found["cut"] += cut
            found["gaps"] += skipped
            found["folds"] += not skipped and other != point
        if end is not None and at >= end:
            found["over"] = True
            break
        # Where a zone skipped a whole day, two occurrences are one moment.
        if at not in found["at"][-1:]:
            found["at"].append(at)
    return found


def main(folder):
    zoneinfo.reset_tzpath(to=[folder])
    print(json.dumps(sorted(zoneinfo.available_timezones())), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))))


if __name__ == "__main__":
    main(sys.argv[1])
