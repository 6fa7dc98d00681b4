"""Measuring how well a domain writes: cases, measures, intervals, comparisons, reports."""
