"""Forecasts from past events: who will do what to whom (`links`), and how likely and how soon (`dyads`).

Nothing of the day that is forecast, or of a later one, reaches a forecast, and each question is answered as if it were
the only one: which other questions are asked about a day is itself knowledge of that day.
"""
