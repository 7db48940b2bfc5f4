"""The figures: functions of data frames that return matplotlib figures, in one style."""
