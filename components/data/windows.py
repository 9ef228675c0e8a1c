"""When AWS may touch a store: the hours of the night and of the week in which it disturbs least, in UTC."""

#: When daily snapshots are taken.
DAILY_WINDOW = "05:00-06:00"
#: When minor upgrades, and changes that wait for them, are carried out: after the snapshot.
WEEKLY_WINDOW = "sun:06:30-sun:07:30"
