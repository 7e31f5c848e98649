#!/usr/bin/env python3
"""Writes load.csv: the hourly load of a town that does not exist, with gaps, from one seed.

Winter and spring of 2026. The load follows the hour, the kind of day and the cold, with noise that is larger in the
evening; so a good forecast knows tomorrow's weather and calendar, and says how sure it is. Of the last day only these
are known: that day is to be forecast.
"""
import datetime
import math
import random

HOURS, WARM_UP = 112 * 24, 24
HOLIDAYS = {"01-01", "01-06", "03-19", "04-03", "04-06"}

draw = random.Random(1)
start = datetime.datetime(2026, 1, 1)
rows = []
weather, mood, felt = 0.0, 0.0, 14.0
for t in range(HOURS):
    now = start + datetime.timedelta(hours=t)
    hour, workday = now.hour, now.weekday() < 5 and f"{now:%m-%d}" not in HOLIDAYS
    weather = 0.99 * weather + draw.gauss(0, 0.5)
    temperature = 2 + 10 * t / HOURS + 4 * math.sin(2 * math.pi * (hour - 9) / 24) + weather
    felt = 0.9 * felt + 0.1 * max(0.0, 16 - temperature)  # houses cool down slowly
    morning = math.exp(-(((hour - (8 if workday else 10.5)) / 2.5) ** 2))
    evening = math.exp(-(((hour - 19) / 3) ** 2))
    work = 60 / (1 + math.exp(-(hour - 7))) / (1 + math.exp(hour - 17)) if workday else 0
    mood = 0.8 * mood + draw.gauss(0, 2 + 5 * evening)
    load = 150 + 50 * morning + 90 * evening + work + 7 * felt + mood
    rows.append([f"{now:%m-%d %H}", f"{load:.0f}", f"{temperature:.1f}", str(int(workday))])

for column, outages, longest in ((1, 12, 30), (2, 6, 12)):
    for _ in range(outages):
        first = draw.randrange(WARM_UP, HOURS - 48)
        for row in rows[first : first + draw.randrange(1, longest)]:
            row[column] = ""
for row in rows[-24:]:
    row[1] = ""

with open("load.csv", "w", newline="\n") as file:
    file.write("hour,load,temperature,workday\n")
    file.writelines(",".join(row) + "\n" for row in rows)
